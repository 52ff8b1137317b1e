import { describe, expect, test } from "vitest";
import type { OrchestrationOutcome, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";
import { GROUP, captureWorld, inputOf, nothingInTheWay, windowsVm } from "../support/capture-world.js";
import { CAPTURE_STAGES } from "../../src/contracts/capture-run.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { HeldDisk } from "../../src/domain/backup.js";
import type { Board } from "../../src/domain/stages.js";
import type { SurveyQuestion } from "../../src/domain/survey.js";

const board = (outcome: OrchestrationOutcome) => outcome.customStatus as Board;
const removed = ({ calls }: OrchestrationOutcome) =>
  calls
    .filter(({ name }) => name === "removeResourceStart")
    .map(({ input }) => (input as { resourceId: string }).resourceId);
const WORK_VM = `${GROUP}/virtualMachines/vmi-run-1-work`;

describe("a capture by clone", () => {
  test("goes through every stage and keeps image and backup", async () => {
    const outcome = await runOrchestration(captureImage, { input: inputOf(), activities: captureWorld() });
    expect(outcome.status).toBe("Completed");
    expect(board(outcome).status).toBe("succeeded");
    expect(board(outcome).stages.map((stage) => [stage.name, stage.state])).toEqual(
      CAPTURE_STAGES.map((name) => [
        name,
        ["test-boot", "promote", "source"].includes(name) ? "skipped" : "done",
      ]),
    );
    expect(board(outcome).result).toMatchObject({
      image: { id: `${GROUP}/galleries/g/images/web/versions/1.0.0` },
      backup: { consistency: "ApplicationConsistent" },
    });
    expect(removed(outcome).some((id) => id.includes("restorePoint"))).toBe(false);
    expect(removed(outcome).some((id) => id.includes("/galleries/"))).toBe(false);
  });

  test("deletes the working VM before its disks, and no disk of the source VM", async () => {
    const outcome = await runOrchestration(captureImage, { input: inputOf(), activities: captureWorld() });
    const ids = removed(outcome);
    expect(ids[0]).toBe(WORK_VM);
    expect(ids.slice(1).sort()).toEqual(
      ["lun0", "lun3", "lun7", "os"].map((disk) => `${GROUP}/disks/vmi-run-1-${disk}`).sort(),
    );
    expect(ids.some((id) => [windowsVm.id, windowsVm.osDisk.id].includes(id))).toBe(false);
  });

  test("seals, deallocates and marks the working VM, never the source", async () => {
    const { calls } = await runOrchestration(captureImage, { input: inputOf(), activities: captureWorld() });
    const touched = calls
      .filter(({ name }) => ["startSeal", "deallocateVmStart", "markGeneralized"].includes(name))
      .map(({ input }) => (input as { vmId: string }).vmId);
    expect(touched).toEqual([WORK_VM, WORK_VM, WORK_VM]);
  });

  test("makes an OS image from only the clone's OS disk", async () => {
    const { calls } = await runOrchestration(captureImage, {
      input: inputOf({ image: { kind: "os-image" } }),
      activities: captureWorld(),
    });
    const order = calls.find(({ name }) => name === "createGalleryVersionStart")?.input as {
      source: unknown;
    };
    expect(order.source).toMatchObject({
      from: "disks",
      disks: [{ lun: -1, id: `${GROUP}/disks/vmi-run-1-os` }],
    });
  });

  test("tags everything that it makes with the request's tags, the run and what it is", async () => {
    const { calls } = await runOrchestration(captureImage, {
      input: inputOf({ tags: { team: "web" }, testBoot: true }),
      activities: captureWorld(),
    });
    const made = calls.filter(({ name }) => /^create.*Start$/.test(name));
    const kindOf = ({ name, input }: (typeof made)[number]) => {
      const { tags = {} } = input as { tags?: Record<string, string> };
      expect({ name, ...tags }).toMatchObject({ name, team: "web", "vmimage-run": "run-1" });
      return `${name} ${tags["vmimage-kind"] ?? ""}`;
    };
    expect([...new Set(made.map(kindOf))]).toEqual([
      "createRestorePointStart backup",
      "createDiskStart work",
      "createWorkingVmStart work",
      "createGalleryVersionStart image",
      "createTestVmStart work",
    ]);
  });

  test("makes a specialized image from the backup without any VM", async () => {
    const outcome = await runOrchestration(captureImage, {
      input: inputOf({ image: { state: "specialized" } }),
      activities: captureWorld(),
    });
    expect(board(outcome).status).toBe("succeeded");
    expect(outcome.calls.some(({ name }) => /WorkingVm|Seal|markGeneralized/.test(name))).toBe(false);
  });
});

describe("a backup", () => {
  const silent = { ...windowsVm, agentReady: false };
  test.each([
    ["of a running guest that answers holds still for its applications", windowsVm, false],
    ["of a running guest that is silent is what a crash would leave", silent, true],
    ["of a VM that is off has nothing to hold still", { ...silent, powerState: "deallocated" }, false],
  ])("%s", async (_, vm, crashConsistent) => {
    const input = inputOf({ image: { state: "specialized" } });
    const outcome = await runOrchestration(captureImage, { input, activities: captureWorld(vm) });
    const order = outcome.calls.find(({ name }) => name === "createRestorePointStart")?.input;
    expect(order).toMatchObject({ crashConsistent });
  });

  test("that does not report a disk's size has that disk queried for it", async () => {
    const good = captureWorld();
    const untold: ScriptedActivity = (part, call) => {
      const { value } = good["askBackup"]?.(part, call) as { value: HeldDisk[] };
      return { status: "done", value: value.map(({ lun, id, state }) => ({ lun, id, state })) };
    };
    const { calls } = await runOrchestration(captureImage, {
      input: inputOf(),
      activities: { ...good, askBackup: untold },
    });
    const proof = calls.find(({ name }) => name === "proveBackup")?.input as { held: HeldDisk[] };
    expect(proof.held.map(({ lun, sizeGb }) => [lun, sizeGb])).toEqual([
      [-1, 127],
      [0, 64],
      [3, 256],
      [7, 32],
    ]);
    expect(calls.filter(({ name }) => name === "inspectDisk")).toHaveLength(8);
  });

  test("by snapshots is proved by what is attached to the VM when they are taken", async () => {
    const input = inputOf({ backup: { kind: "snapshots" } });
    const more = { ...windowsVm, dataDisks: [...windowsVm.dataDisks, { ...windowsVm.osDisk, lun: 9 }] };
    const { calls } = await runOrchestration(captureImage, {
      input,
      activities: {
        ...captureWorld(),
        inspectVm: (question: never, call) =>
          captureWorld(call.nth === 0 ? windowsVm : more)["inspectVm"]?.(question, call),
      },
    });
    const proof = calls.find(({ name }) => name === "proveBackup")?.input as { attached: { lun: number }[] };
    expect(proof.attached.map(({ lun }) => lun)).toEqual([-1, 0, 3, 7, 9]);
  });
});

test("the status of a capture of 64 data disks, with warnings and a dry run, stays below Durable's 16 KB", async () => {
  const group = GROUP.replace("rg-production", "g".repeat(90));
  const disk = (name: string) => ({ ...windowsVm.osDisk, name, id: `${group}/disks/${name}` });
  const vm = {
    ...windowsVm,
    id: `${group}/virtualMachines/${"v".repeat(64)}`,
    dataDisks: Array.from({ length: 64 }, (_, lun) => ({ ...disk(`${"d".repeat(70)}-${lun}`), lun })),
  };
  const locks = Array.from({ length: 40 }, (_, nth) => ({
    name: `lock-${nth}`,
    level: "ReadOnly",
    scope: vm.id,
  }));
  const runs = [
    ["succeeded", {}],
    ["succeeded", { dryRun: true }],
    ["refused", { mode: "in-place" }],
  ] as const;
  for (const [status, request] of runs) {
    const outcome = await runOrchestration(captureImage, {
      input: inputOf({ backup: { kind: "snapshots" }, sourceVmId: vm.id, ...request }),
      activities: {
        ...captureWorld(vm),
        surveyAzure: (question: SurveyQuestion) => ({
          status: "done",
          value:
            question.ask === "locks"
              ? { ask: "locks", scope: question.scope, locks: { known: locks } }
              : nothingInTheWay(question),
        }),
      },
    });
    expect(board(outcome).status).toBe(status);
    for (const shown of outcome.statuses) expect(JSON.stringify(shown).length).toBeLessThan(16_384);
  }
});

describe("waiting", () => {
  test("a run notices the end of an operation within a tenth of its length, and polls only a few times more when it is ten times longer", async () => {
    const asksFor = async (minutes: number) => {
      const began = { atMs: 0 };
      const outcome = await runOrchestration(captureImage, {
        input: inputOf(),
        durationMs: () => 50,
        activities: {
          ...captureWorld(),
          createGalleryVersionStart: (_, { atMs }) => {
            began.atMs = atMs;
            return { status: "done", value: {} };
          },
          createGalleryVersionAsk: (_, { atMs }) => {
            const elapsed = atMs - began.atMs;
            return elapsed < minutes * 60_000
              ? { status: "done", value: { state: "running", percent: 50 } }
              : { status: "done", value: { state: "succeeded", value: { id: "i", disks: [] } } };
          },
        },
      });
      const register = board(outcome).stages.find(({ name }) => name === "register");
      const took = Date.parse(register?.endedAt ?? "") - Date.parse(register?.startedAt ?? "");
      expect(took / 60_000).toBeLessThan(minutes * 1.1 + 0.2);
      return outcome.calls.filter(({ name }) => name === "createGalleryVersionAsk").length;
    };
    const [short, long] = [await asksFor(36), await asksFor(360)];
    expect(long).toBeLessThan(short * 2);
  });
});

test("a time limit takes effect when it is reached, not at the next poll after it", async () => {
  const outcome = await runOrchestration(captureImage, {
    input: inputOf({ limits: { registerMinutes: 100 } }),
    durationMs: () => 50,
    activities: {
      ...captureWorld(),
      createGalleryVersionAsk: () => ({ status: "done", value: { state: "running" } }),
    },
  });
  const register = board(outcome).stages.find(({ name }) => name === "register");
  const took = Date.parse(register?.endedAt ?? "") - Date.parse(register?.startedAt ?? "");
  expect(took / 1000).toBeGreaterThanOrEqual(6000);
  expect(took / 1000).toBeLessThan(6005);
});

describe("a run that is cancelled", () => {
  test("stops at its next wait, removes what it created, keeps the backup, and says why", async () => {
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(),
      events: [{ atMs: 120_000, name: "cancel", input: { reason: "wrong VM" } }],
      activities: { ...captureWorld(), askSeal: () => ({ status: "done", value: { state: "running" } }) },
    });
    expect(board(outcome)).toMatchObject({
      status: "cancelled",
      error: { code: "CANCELLED", message: "The run was cancelled: wrong VM." },
    });
    expect(board(outcome).stages.find(({ name }) => name === "generalize")).toMatchObject({
      state: "cancelled",
      detail: "sealing; at most 40 minutes (40 min: Sysprep and its providers)",
    });
    expect(removed(outcome)).toContain(WORK_VM);
    expect(removed(outcome).some((id) => id.includes("restorePoint"))).toBe(false);
  });
});

describe("leftovers", () => {
  test("a resource that will not go is named, the others go, and the first error stays the run's error", async () => {
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(),
      activities: {
        ...captureWorld(),
        askSeal: () => ({
          status: "done",
          value: {
            state: "failed",
            cause: "BITLOCKER_ON",
            message: "C: is encrypted.",
            remedy: "Decrypt it.",
            logExcerpt: "BitLocker is on for the OS volume.",
          },
        }),
        removeResourceStart: ({ resourceId }: { resourceId: string }) =>
          resourceId.endsWith("-lun3")
            ? { status: "refused", code: "LOCKED", message: "ScopeLocked", remedy: "" }
            : { status: "done", value: {} },
      },
    });
    expect(outcome.status).toBe("Failed");
    expect(board(outcome)).toMatchObject({
      status: "failed",
      error: {
        code: "SEAL_BITLOCKER_ON",
        stage: "generalize",
        excerpt: "BitLocker is on for the OS volume.",
      },
      leftovers: [{ resource: `${GROUP}/disks/vmi-run-1-lun3`, reason: "ScopeLocked" }],
    });
    expect(removed(outcome)).toHaveLength(5);
  });
});
