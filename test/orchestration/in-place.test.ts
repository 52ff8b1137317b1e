/** Captures in place: what becomes of the source VM, and what is said of the way back when something goes wrong. */
import { describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { GROUP, captureWorld, inputOf, windowsVm } from "../support/capture-world.js";
import { IMAGE, RememberingCloud } from "../support/resumable-world.js";
import { SOURCE_DISKS, OLD_DISKS, Standing, planOf } from "../support/restore-world.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

const NIC = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/web-nic";
const down = () => {
  throw new Error("Azure is down");
};

async function play(
  request: Record<string, unknown>,
  change: Record<string, ScriptedActivity> = {},
  events: OrchestrationScript["events"] = [],
) {
  const cloud = new RememberingCloud();
  const standing = new Standing();
  // The capture has holds and removals of its own.
  const shared = ["holdVm", "releaseVm", "removeResourceStart", "removeResourceAsk"];
  const restoring = Object.fromEntries(
    Object.entries(standing.world()).filter(([name]) => !shared.includes(name)),
  );
  const outcome = await runOrchestration(captureImage, {
    input: inputOf({ mode: "in-place", ...request }),
    activities: {
      ...cloud.world(),
      ...restoring,
      inspectVm: cloud.world()["inspectVm"]!,
      recallCapture: () => ({ status: "done", value: planOf() }),
      recallModel: () => ({ status: "done", value: { lost: [], goesWith: [windowsVm.osDisk.id, NIC] } }),
      ...change,
    },
    events,
  });
  return { cloud, standing, calls: outcome.calls, board: outcome.customStatus as Board };
}

const removed = (calls: Awaited<ReturnType<typeof play>>["calls"]) =>
  calls
    .filter(({ name }) => name === "removeResourceStart")
    .map(({ input }) => (input as { resourceId: string }).resourceId);
const COMMANDS = ["preflight", "seal", "seal-log"].map(
  (script) => `${windowsVm.id}/runCommands/vmimage-${script}-run-1`,
);

describe("a source VM captured in place", () => {
  test("is left sealed, without our commands in it, and the result says how to get it back", async () => {
    const { board, calls } = await play({});
    expect(board).toMatchObject({
      status: "succeeded",
      leftovers: [],
      result: { source: { state: "sealed", restore: "POST /api/captures/run-1/restore" } },
    });
    const { detail } = board.stages.find(({ name }) => name === "source") ?? {};
    expect(detail).toMatch(/sealed and cannot start again.*POST \/api\/captures\/run-1\/restore/);
    expect(removed(calls)).toEqual(COMMANDS);
  });

  test.each([
    ["vm-image", { from: "vm", vmId: windowsVm.id }],
    ["os-image", { from: "disks", disks: [{ lun: -1, id: windowsVm.osDisk.id, caching: "ReadWrite" }] }],
  ])("is itself what a %s is made of", async (kind, source) => {
    const { calls } = await play({ image: { kind } });
    const order = calls.find(({ name }) => name === "createGalleryVersionStart")?.input;
    expect(order).toMatchObject({ source });
  });

  test("is protected before it is sealed: nothing may be deleted with the VM object", async () => {
    const { calls } = await play({});
    const names = calls.map(({ name }) => name);
    expect(names.indexOf("protectVmAsk")).toBeGreaterThan(names.indexOf("proveBackup"));
    expect(names.indexOf("protectVmAsk")).toBeLessThan(names.indexOf("askGuestStart"));
  });

  test("is rebuilt from its backup when the request says so, and its sealed disks are listed", async () => {
    const { board, standing } = await play({ sourceAfter: "restore" });
    expect(board).toMatchObject({
      status: "succeeded",
      result: { source: { state: "restored", disks: SOURCE_DISKS, replacedDisks: OLD_DISKS } },
    });
    expect(standing.losses).toEqual([]);
    expect(standing.vmOn).toEqual(SOURCE_DISKS);
  });

  test("is deleted when the request says so, with exactly what was to be deleted with it", async () => {
    const { board, calls, cloud } = await play({ sourceAfter: "delete" });
    expect(board).toMatchObject({ status: "succeeded", result: { source: { state: "deleted" } } });
    expect(removed(calls).slice(0, 2)).toEqual([windowsVm.osDisk.id, NIC]);
    expect(cloud.standing.has(IMAGE)).toBe(true);
    const names = calls.map(({ name }) => name);
    expect(names.indexOf("createGalleryVersionAsk")).toBeLessThan(names.indexOf("removeSourceVmStart"));
  });

  test("lists its run commands as leftovers when Azure no longer removes them", async () => {
    const { board } = await play(
      {},
      {
        removeResourceStart: () => ({
          status: "refused",
          code: "AZURE_REFUSED",
          message: "VM is generalized",
          remedy: "",
        }),
      },
    );
    expect(board.status).toBe("succeeded");
    expect(board.leftovers.map(({ resource }) => resource).sort()).toEqual([...COMMANDS].sort());
  });
});

describe("a source VM that was already marked as generalized", () => {
  const sealed = { ...windowsVm, powerState: "stopped", agentReady: false, markedGeneralized: true };
  const inspectVm: ScriptedActivity = (input, call) => captureWorld(sealed)["inspectVm"]?.(input, call);

  test("is captured as it is: its guest is not queried, and it is only deallocated first", async () => {
    const { board, calls } = await play({}, { inspectVm });
    expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(board.stages.find(({ name }) => name === "generalize")).toMatchObject({
      state: "skipped",
      detail: "the source VM was marked generalized before",
    });
    const names = calls.map(({ name }) => name);
    expect(names).toContain("deallocateVmStart");
    expect(names).not.toContain("markGeneralized");
    expect(names.filter((name) => /Guest|Seal/.test(name))).toEqual([]);
  });

  test("cannot be captured in clone mode: no copy of it would start", async () => {
    const { board } = await play({ mode: "clone" }, { inspectVm });
    expect(board).toMatchObject({ status: "refused", error: { code: "VM_NOT_CAPTURABLE" } });
  });
});

describe("a failure in place is reported together with the way back", () => {
  const AFTER = [
    "askSeal",
    "deallocateVmStart",
    "markGeneralized",
    "createGalleryVersionStart",
    "createGalleryVersionAsk",
  ];
  test.each(AFTER)("once the guest was touched: %s", async (act) => {
    const { board } = await play({}, { [act]: down });
    expect(board.status).toBe("failed");
    expect(board.error?.remedy).toContain("POST /api/captures/run-1/restore");
  });

  const BEFORE = ["inspectVm", "createRestorePointAsk", "protectVmAsk", "askGuestAsk"];
  test.each(BEFORE)("and without it, as long as the guest was only inspected: %s", async (act) => {
    const { board, cloud } = await play({}, { [act]: down });
    expect(board.status).toBe("failed");
    expect(board.error?.remedy).not.toContain("restore");
    expect(cloud.sourceWrites).not.toContain("startSeal");
  });

  test("also in a run that is cancelled", async () => {
    const { board } = await play({}, { askSeal: () => ({ status: "done", value: { state: "running" } }) }, [
      { atMs: 600_000, name: "cancel", input: {} },
    ]);
    expect(board).toMatchObject({ status: "cancelled" });
    expect(board.error?.remedy).toContain("POST /api/captures/run-1/restore");
  });

  test.each([
    ["restore", "restoreDiskAsk"],
    ["restore", "restoreVmAsk"],
    ["restore", "startVmAsk"],
    ["delete", "removeSourceVmAsk"],
  ])("and the image stays when only the %s of the source failed, at %s", async (after, act) => {
    const { board, cloud, standing } = await play({ sourceAfter: after }, { [act]: down });
    expect(board).toMatchObject({ status: "failed", error: { stage: "source" } });
    expect(board.stages.find(({ name }) => name === "register")).toMatchObject({
      state: "done",
      detail: IMAGE,
    });
    expect(board.error?.remedy).toContain("POST /api/captures/run-1/restore");
    expect(cloud.standing.has(IMAGE)).toBe(true);
    if (after === "restore") expect(standing.losses).toEqual([]);
    else
      for (const id of [windowsVm.id, windowsVm.osDisk.id, NIC]) expect(board.error?.message).toContain(id);
  });
});

test("a clone leaves the source alone whatever happens, and needs no way back", async () => {
  const { board, cloud } = await play({ mode: "clone" }, { markGeneralized: down });
  expect(board.error?.remedy).not.toContain("restore");
  expect(cloud.sourceWrites).toEqual([]);
  expect([...cloud.standing].every((id) => id.startsWith(`${GROUP}/restorePointCollections`))).toBe(true);
});
