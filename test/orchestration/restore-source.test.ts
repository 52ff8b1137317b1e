/**
 * The restore runbook and its failure matrix: every act × every way it can go wrong → how the run ends, and that
 * at no moment the VM is lost: it stands whole, or whole new disks stand from which it is made again.
 */
import { describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { allDisks } from "../../src/domain/vm.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import type { Change } from "../support/restore-world.js";
import { factsOf } from "../support/capture-world.js";
import { NEW_DISKS, OLD_DISKS, Standing, changed, planOf, restoreInput } from "../support/restore-world.js";
import type { OrchestrationScript } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

const refused = { status: "refused", code: "AZURE_REFUSED", message: "no", remedy: "do." };
const ok = (value: unknown) => ({ status: "done", value });

async function play(change: Change = {}, events: OrchestrationScript["events"] = []) {
  const standing = new Standing();
  const outcome = await runOrchestration(restoreSource, {
    input: restoreInput,
    activities: changed(standing, change),
    events,
  });
  return { standing, outcome, board: outcome.customStatus as Board };
}

const ACTS: readonly (readonly [act: string, stage: string])[] = [
  ["recallCapture", "preflight"],
  ["recallModel", "preflight"],
  ["askBackup", "preflight"],
  ["inspectVm", "preflight"],
  ["holdVm", "queue"],
  ["restoreDiskStart", "disks"],
  ["restoreDiskAsk", "disks"],
  ["protectVmStart", "replace"],
  ["protectVmAsk", "replace"],
  ["removeSourceVmStart", "replace"],
  ["removeSourceVmAsk", "replace"],
  ["restoreVmStart", "replace"],
  ["restoreVmAsk", "replace"],
  ["startVmStart", "start"],
  ["startVmAsk", "start"],
  ["askVm", "start"],
];
/** From here on there may be no VM, and the new disks are what it is made of. */
const POINT_OF_NO_RETURN = ACTS.findIndex(([act]) => act === "removeSourceVmAsk");
const isBefore = (act: string) => ACTS.findIndex(([name]) => name === act) < POINT_OF_NO_RETURN;

/** Nothing lost, and the new disks gone or kept as they must be. */
function expectStanding({ standing }: Awaited<ReturnType<typeof play>>, newDisks: "kept" | "gone"): void {
  expect(standing.losses).toEqual([]);
  expect([...standing.disks].sort()).toEqual(
    [...OLD_DISKS, ...(newDisks === "kept" ? NEW_DISKS : [])].sort(),
  );
}

describe("a restore", () => {
  test("rebuilds the VM on new disks, keeps the old ones, and lists both", async () => {
    const played = await play();
    expect(played.board).toMatchObject({
      status: "succeeded",
      result: { vmId: planOf().vm.id, disks: NEW_DISKS, replacedDisks: OLD_DISKS, warnings: [] },
      leftovers: [],
    });
    expect(played.board.stages.map(({ state }) => state)).toEqual(Array(6).fill("done"));
    expectStanding(played, "kept");
    expect(played.standing.vmOn).toEqual(NEW_DISKS);
  });

  test("has its new disks, and has protected the old VM, before it deletes the old VM", async () => {
    const { outcome } = await play();
    const names = outcome.calls.map(({ name }) => name);
    const at = (name: string) => names.indexOf(name);
    expect(names.filter((name) => name === "restoreDiskAsk")).toHaveLength(4);
    expect(names.lastIndexOf("restoreDiskAsk")).toBeLessThan(at("removeSourceVmStart"));
    expect(at("protectVmAsk")).toBeLessThan(at("removeSourceVmStart"));
    expect(at("removeSourceVmAsk")).toBeLessThan(at("restoreVmStart"));
  });

  test("does not try to delete a VM that no longer exists", async () => {
    const { outcome, board } = await play({
      inspectVm: () => ({ ...refused, code: "VM_NOT_FOUND" }),
    });
    expect(board.status).toBe("succeeded");
    expect(outcome.calls.some(({ name }) => /protectVm|removeSourceVm/.test(name))).toBe(false);
  });

  test("holds the VM under its own name, because the capture may have the same id", async () => {
    const { outcome } = await play();
    const holds = outcome.calls.filter(({ name }) => name === "holdVm" || name === "releaseVm");
    expect(holds.map(({ input }) => (input as { runId: string }).runId)).toEqual([
      "restore-run-1",
      "restore-run-1",
    ]);
  });

  test("succeeds with a warning when the VM runs but its agent does not report", async () => {
    const { board } = await play({
      askVm: () => ok({ power: "running", agentReady: false, markedGeneralized: false }),
    });
    expect(board).toMatchObject({ status: "succeeded" });
    expect(JSON.stringify(board.result)).toContain("agent does not report");
  });

  test("is refused where there is no backup, and changes nothing", async () => {
    const played = await play({ recallCapture: () => ok(null) });
    expect(played.board).toMatchObject({ status: "refused", error: { code: "NOTHING_TO_RESTORE" } });
    expect(played.outcome.calls.map(({ name }) => name)).toEqual(["recallCapture", "recallModel"]);
  });

  test("is refused if the backup no longer contains every disk, and changes nothing", async () => {
    const played = await play({
      askBackup: (good, input, call) => {
        const { value } = good(input, call) as { value: unknown[] };
        return ok(value.slice(0, 3));
      },
    });
    expect(played.board).toMatchObject({
      status: "refused",
      error: { code: "BACKUP_UNSOUND", stage: "preflight" },
    });
    expectStanding(played, "gone");
  });

  test("of a VM with 64 data disks of long names keeps its status below Durable's limit", async () => {
    const plan = planOf();
    const name = "d".repeat(80);
    const dataDisks = Array.from({ length: 64 }, (_, lun) => ({
      ...plan.vm.osDisk,
      lun,
      id: `/subscriptions/s/resourceGroups/${"g".repeat(90)}/providers/Microsoft.Compute/disks/${name}`,
    }));
    const vm = { ...plan.vm, dataDisks };
    const disks = allDisks(vm).map(({ lun, sizeGb }) => ({ lun, id: `p/${lun}`, sizeGb }));
    const large = { vm, backup: { ...plan.backup, disks } };
    for (const act of ["startVmAsk", "restoreVmAsk"]) {
      const { outcome, board } = await play({
        recallCapture: () => ok(large),
        askBackup: () => ok(disks.map((disk) => ({ ...disk, state: "Succeeded" }))),
        inspectVm: () => ok(factsOf(vm)),
        [act]: (good, input, call) =>
          act === "startVmAsk" ? good(input, call) : ok({ state: "failed", code: "C", message: "m" }),
      });
      expect(board.status).toBe(act === "startVmAsk" ? "succeeded" : "failed");
      expect(JSON.stringify(outcome.statuses.at(-1)).length).toBeLessThan(16_384);
    }
  });
});

test("the matrix covers every activity of a restore that succeeds", async () => {
  const { outcome } = await play();
  expect([...new Set(outcome.calls.map(({ name }) => name))].sort()).toEqual(
    [...ACTS.map(([act]) => act), "releaseVm"].sort(),
  );
});

describe("an activity that is refused ends the run at its stage", () => {
  test.each(ACTS)("%s", async (act, stage) => {
    const played = await play({ [act]: () => refused });
    expect(played.board).toMatchObject({ error: { code: "AZURE_REFUSED", stage } });
    // A VM that could not be made again is no refusal: something was changed.
    expect(played.board.status).toBe(stage === "replace" && !isBefore(act) ? "failed" : "refused");
    expectStanding(played, isBefore(act) ? "gone" : "kept");
  });
});

describe("an activity that throws once, or whose answer is lost after its effect, is retried", () => {
  test.each(ACTS)("%s", async (act) => {
    for (const lost of [false, true]) {
      const played = await play({
        [act]: (good, input, call) => {
          const result = lost || call.nth > 0 ? good(input, call) : undefined;
          if (call.nth === 0) throw new Error("connection reset");
          return result;
        },
      });
      expect(played.board.status).toBe("succeeded");
      expectStanding(played, "kept");
    }
  });
});

describe("an activity that always throws, or an operation that fails or never ends, fails the run and says what exists where", () => {
  const ways: readonly (readonly [string, (act: string) => unknown])[] = [
    [
      "throws",
      () => {
        throw new Error("Azure is down");
      },
    ],
    ["failed by Azure", () => ok({ state: "failed", code: "InternalError", message: "gave up" })],
    ["never ends", () => ok({ state: "running" })],
  ];
  const rows = ACTS.flatMap(([act, stage]) =>
    ways
      .filter(([way]) => way === "throws" || act.endsWith("Ask"))
      .map(([way, play_]) => [act, way, stage, play_] as const),
  );
  test.each(rows)("%s %s", async (act, _, stage, way) => {
    const played = await play({ [act]: () => way(act) });
    expect(played.board).toMatchObject({ status: "failed", error: { stage } });
    const kept = !isBefore(act) || act === "removeSourceVmStart";
    expectStanding(played, kept ? "kept" : "gone");
    if (stage === "replace" && kept) {
      for (const disk of [...NEW_DISKS, ...OLD_DISKS]) expect(played.board.error?.message).toContain(disk);
      expect(played.board.error?.remedy).toContain("restore it again");
    }
  });
});

describe("a cancel", () => {
  const running = () => ok({ state: "running" });
  test.each([
    ["restoreDiskAsk", "gone"],
    ["protectVmAsk", "gone"],
  ] as const)("while waiting for %s ends the run and leaves the VM as it was", async (act, newDisks) => {
    const played = await play({ [act]: running }, [{ atMs: 60_000, name: "cancel", input: {} }]);
    expect(played.board.status).toBe("cancelled");
    expect(played.standing.vmOn).toEqual(OLD_DISKS);
    expectStanding(played, newDisks);
  });

  test("while a deleted VM is being recreated waits for that as well", async () => {
    const played = await play(
      {
        inspectVm: () => ({ ...refused, code: "VM_NOT_FOUND" }),
        restoreVmAsk: (good, input, call) => (call.nth < 20 ? running() : good(input, call)),
        askVm: () => ok({ power: "running", agentReady: false, markedGeneralized: false }),
      },
      [{ atMs: 30_000, name: "cancel", input: {} }],
    );
    expect(played.board).toMatchObject({ status: "cancelled", error: { stage: "start" } });
    expect(played.standing.vmOn).toEqual(NEW_DISKS);
  });

  test.each(["removeSourceVmAsk", "restoreVmAsk", "startVmAsk"])(
    "while waiting for %s waits until the VM stands again and runs, and says what stands where",
    async (act) => {
      const played = await play(
        {
          [act]: (good, input, call) => (call.nth < 20 ? running() : good(input, call)),
          askVm: () => ok({ power: "running", agentReady: false, markedGeneralized: false }),
        },
        [{ atMs: 30_000, name: "cancel", input: {} }],
      );
      expect(played.board).toMatchObject({ status: "cancelled", error: { stage: "start" } });
      for (const disk of [...NEW_DISKS, ...OLD_DISKS]) expect(played.board.error?.message).toContain(disk);
      expect(played.outcome.calls.map(({ name }) => name)).toContain("startVmAsk");
      expect(played.standing.vm).toBe(true);
      expect(played.standing.vmOn).toEqual(NEW_DISKS);
      expectStanding(played, "kept");
    },
  );
});
