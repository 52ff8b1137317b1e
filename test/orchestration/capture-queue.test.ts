/** Captures of one VM that come at once: one at a time, and who waits knows for whom, and looks again afterwards. */
import { describe, expect, test } from "vitest";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { Board } from "../../src/domain/stages.js";
import type { Turn } from "../../src/ports/vm-holds.js";
import type { OrchestrationOutcome, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";
import { GROUP, captureWorld, inputOf, windowsVm } from "../support/capture-world.js";

const board = (outcome: OrchestrationOutcome) => outcome.customStatus as Board;

/** A capture that asks for its turn, and hears this each time. */
const captureWithTurns = (turnOf: (runId: string, nth: number) => Turn) =>
  runOrchestration(captureImage, {
    input: inputOf(),
    activities: {
      ...captureWorld(),
      holdVm: ({ runId }: { runId: string }, { nth }) => ({ status: "done", value: turnOf(runId, nth) }),
    },
  });

describe("one capture per VM", () => {
  test("a second waits in line, saying for which run, and continues when the first releases the VM", async () => {
    const outcome = await captureWithTurns((runId, nth) => ({
      heldBy: nth < 3 ? "run-0" : runId,
      ahead: nth < 3 ? 1 : 0,
    }));
    expect(board(outcome).status).toBe("succeeded");
    expect(JSON.stringify(outcome.statuses)).toContain("waiting for run run-0");
  });

  test("says how many are ahead of it, and checks on every holder that it meets", async () => {
    const lines = [
      { heldBy: "run-0", ahead: 2 },
      { heldBy: "run-9", ahead: 1 },
    ];
    const outcome = await captureWithTurns((runId, nth) => lines[nth] ?? { heldBy: runId, ahead: 0 });
    expect(board(outcome).status).toBe("succeeded");
    const looked = outcome.calls.filter(({ name }) => name === "releaseEnded");
    expect(looked.map(({ input }) => (input as { heldBy: string }).heldBy)).toEqual(["run-0", "run-9"]);
    const said = JSON.stringify(outcome.statuses);
    expect(said).toMatch(/waiting for run run-0, which is working on \S+; 1 in line before this one"/);
    expect(said).toMatch(/waiting for run run-9, which is working on [^\s;"]+"/);
  });

  test.each(["wait", "refuse"])(
    "a holder that was ended from outside holds nobody up: %s",
    async (whenBusy) => {
      let heldBy = "run-0";
      const outcome = await runOrchestration(captureImage, {
        input: inputOf({ whenBusy }),
        activities: {
          ...captureWorld(),
          holdVm: ({ runId }: { runId: string }) => {
            if (heldBy === "") heldBy = runId;
            return { status: "done", value: { heldBy } };
          },
          releaseEnded: (asked: { heldBy: string }) => {
            expect(asked.heldBy).toBe("run-0");
            heldBy = "";
            return true;
          },
        },
      });
      expect(board(outcome)).toMatchObject({ status: "succeeded", leftovers: [] });
    },
  );

  test("a run that waited inspects the VM again: it may have another disk, or be another VM, by then", async () => {
    const resized = {
      ...windowsVm,
      osDisk: { ...windowsVm.osDisk, id: `${GROUP}/disks/web-os2`, sizeGb: 255 },
    };
    const held = { by: "run-0" };
    const looking = (act: string): ScriptedActivity => {
      const [first, then] = [captureWorld()[act], captureWorld(resized)[act]];
      return (input, call) => (held.by === "run-0" ? first : then)?.(input, call);
    };
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(),
      activities: {
        ...captureWorld(),
        inspectVm: looking("inspectVm"),
        inspectDisk: looking("inspectDisk"),
        holdVm: ({ runId }: { runId: string }, { nth }) => {
          held.by = nth < 3 ? "run-0" : runId;
          return { status: "done", value: { heldBy: held.by } };
        },
      },
    });
    expect(board(outcome).status).toBe("succeeded");
    const proved = outcome.calls.find(({ name }) => name === "proveBackup")?.input;
    expect(proved).toMatchObject({ vm: { osDisk: { id: resized.osDisk.id, sizeGb: 255 } } });
  });

  test("a run that waited behind an in-place capture that sealed the VM is refused, and creates nothing", async () => {
    const sealed = { ...windowsVm, powerState: "deallocated", agentReady: false, markedGeneralized: true };
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(),
      activities: {
        ...captureWorld(),
        inspectVm: (input: never, call) =>
          captureWorld(call.nth === 0 ? windowsVm : sealed)["inspectVm"]?.(input, call),
        holdVm: ({ runId }: { runId: string }, { nth }) => ({
          status: "done",
          value: { heldBy: nth === 0 ? "run-0" : runId },
        }),
      },
    });
    expect(board(outcome)).toMatchObject({
      status: "refused",
      error: {
        code: "VM_NOT_CAPTURABLE",
        stage: "queue",
        message: expect.stringContaining("generalized") as string,
      },
    });
    expect(outcome.calls.some(({ name }) => /^create/.test(name))).toBe(false);
  });

  test("a second is refused when it asks not to wait", async () => {
    const outcome = await runOrchestration(captureImage, {
      input: inputOf({ whenBusy: "refuse" }),
      activities: { ...captureWorld(), holdVm: () => ({ status: "done", value: { heldBy: "run-0" } }) },
    });
    expect(board(outcome)).toMatchObject({ status: "refused", error: { code: "VM_BUSY" } });
  });
});
