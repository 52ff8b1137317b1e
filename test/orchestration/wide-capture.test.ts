/** Captures of as many data disks as a VM can have: what is wider than one history should take is called in parts. */
import { describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import type { DataDiskSummary, VmSummary } from "../../src/domain/vm.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { GROUP, TrackedCloud, captureWorld, inputOf, windowsVm } from "../support/capture-world.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

const wideVm: VmSummary = {
  ...windowsVm,
  dataDisks: Array.from({ length: 64 }, (_, lun) => ({
    ...(windowsVm.dataDisks[0] as DataDiskSummary),
    lun,
    id: `${GROUP}/disks/web-d${lun}`,
  })),
};
const ALL = 65;

async function play(
  change: Record<string, ScriptedActivity>,
  {
    backup = "restore-point",
    events = [],
  }: { backup?: string; events?: NonNullable<OrchestrationScript["events"]> } = {},
) {
  const cloud = new TrackedCloud();
  const outcome = await runOrchestration(captureImage, {
    input: inputOf({ backup: { kind: backup } }),
    activities: cloud.track({ ...captureWorld(wideVm), ...change }, wideVm),
    events,
  });
  const board = outcome.customStatus as Board;
  const clones = [...cloud.resources].filter((id) => id.includes("/disks/vmi-"));
  return { cloud, outcome, board, clones };
}

describe("a capture of 64 data disks", () => {
  test.each([
    { backup: "restore-point", why: "one operation backs up all disks" },
    { backup: "snapshots", why: "each disk is backed up by an operation of its own" },
  ])("that waits six hours keeps a history under 1 MB and 2,000 events: $why", async ({ backup }) => {
    const { board, outcome } = await play(taking(SECONDS, captureWorld(wideVm)), { backup });
    expect(board).toMatchObject({ status: "succeeded" });
    expect(outcome.historyEvents).toBeLessThan(2000);
    expect(outcome.historyBytes).toBeLessThan(1_000_000);
  });

  test("makes every disk once, and removes every one", async () => {
    const { cloud, outcome, clones } = await play({});
    const made = outcome.calls.filter(({ name }) => name === "createDiskStart");
    expect(new Set(made.map(({ input }) => (input as { diskId: string }).diskId)).size).toBe(ALL);
    expect(made).toHaveLength(ALL);
    expect(clones).toEqual([]);
    expect(cloud.harm).toEqual([]);
  });

  const isFiftieth = (input: { diskId: string }) => input.diskId.endsWith("-lun50");
  const good = captureWorld(wideVm)["createDiskStart"] as ScriptedActivity;

  test("retries a disk that failed once, and no other", async () => {
    const fault = { left: 1 };
    const { board, outcome } = await play({
      createDiskStart: (input: never, call) => {
        if (isFiftieth(input) && fault.left-- > 0) throw new Error("connection reset");
        return good(input, call);
      },
    });
    expect(board.status).toBe("succeeded");
    expect(outcome.calls.filter(({ name }) => name === "createDiskStart")).toHaveLength(ALL + 1);
  });

  test.each([
    {
      how: "is refused",
      act: () => ({ status: "refused", code: "QUOTA_EXCEEDED", message: "no room", remedy: "ask" }),
      ending: { status: "refused", error: { code: "QUOTA_EXCEEDED", message: "no room", stage: "clone" } },
    },
    {
      how: "fails for good",
      act: () => {
        throw new Error("Azure is down");
      },
      ending: { status: "failed", error: { message: "Azure is down", stage: "clone" } },
    },
  ])("removes all of the others when one disk $how, and says why", async ({ act, ending }) => {
    const { board, cloud, clones } = await play({
      createDiskStart: (input: never, call) => (isFiftieth(input) ? act() : good(input, call)),
    });
    expect(board).toMatchObject(ending);
    expect(clones).toEqual([]);
    expect(cloud.harm).toEqual([]);
  });

  test("that is cancelled while its disks are created ends as cancelled and leaves none of them", async () => {
    const { board, clones } = await play(
      { createDiskAsk: () => ({ status: "done", value: { state: "running" } }) },
      { events: [{ atMs: 120_000, name: "cancel", input: { reason: "enough" } }] },
    );
    expect(board).toMatchObject({ status: "cancelled", error: { stage: "clone" } });
    expect(clones).toEqual([]);
  });
});

/** What Azure's operations take; the replication is the long one. */
const SECONDS = {
  createRestorePoint: 60,
  createSnapshot: 60,
  createDisk: 40,
  createWorkingVm: 120,
  askGuest: 30,
  deallocateVm: 45,
  createGalleryVersion: 6 * 3600,
  removeResource: 60,
};

function taking(
  seconds: Readonly<Record<string, number>>,
  world: Record<string, ScriptedActivity>,
): Record<string, ScriptedActivity> {
  const begun = new Map<string, number>();
  return Object.fromEntries(
    Object.entries(seconds).flatMap(([name, takes]): [string, ScriptedActivity][] => [
      [
        `${name}Start`,
        (input, call) => {
          begun.set(name, call.atMs);
          return world[`${name}Start`]?.(input, call);
        },
      ],
      [
        `${name}Ask`,
        (input, call) =>
          call.atMs - (begun.get(name) ?? 0) < takes * 1000
            ? { status: "done", value: { state: "running", percent: 1, detail: "westeurope 1 %" } }
            : world[`${name}Ask`]?.(input, call),
      ],
    ]),
  );
}
