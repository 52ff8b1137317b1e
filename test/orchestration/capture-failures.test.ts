/**
 * The failure matrix of the capture runbook: every act × every way it can go wrong → how the run ends, that the source
 * VM is unhurt, and that nothing is left but what is named or asked for. The acts are read from a run that succeeds.
 */
import { describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";
import { GROUP, TrackedCloud, captureWorld, inputOf, losingAnswer } from "../support/capture-world.js";

const IMAGE = `${GROUP}/galleries/g/images/web/versions/1.0.0`;
const BACKUP = [
  `${GROUP}/restorePointCollections/vmi-run-1`,
  `${GROUP}/restorePointCollections/vmi-run-1/restorePoints/backup`,
];
const refused = { status: "refused", code: "AZURE_REFUSED", message: "no", remedy: "do" };

async function play(change: Record<string, ScriptedActivity>, events: OrchestrationScript["events"] = []) {
  const cloud = new TrackedCloud();
  const activities = cloud.track({ ...captureWorld(), ...change });
  const outcome = await runOrchestration(captureImage, { input: inputOf(), activities, events });
  return { cloud, outcome, board: outcome.customStatus as Board };
}

/** What may be left: the image of a run that succeeded, the backup once it was proved, and whatever is named. */
function expectClean({ cloud, board }: Awaited<ReturnType<typeof play>>, backupProved: boolean): void {
  const named = board.leftovers.map(({ resource }) => resource);
  const expected = [
    ...(board.status === "succeeded" ? [IMAGE] : []),
    ...(backupProved ? BACKUP : []),
    ...named.filter((resource) => resource.startsWith("/")),
  ];
  expect([...cloud.resources].sort()).toEqual([...new Set(expected)].sort());
  expect(cloud.harm).toEqual([]);
}

/** Every act of a capture that succeeds, by clone, in order, with the stage it belongs to. */
const ACTS: readonly (readonly [act: string, stage: string])[] = [
  ["inspectVm", "preflight"],
  ["inspectDisk", "preflight"],
  ["inspectInterface", "preflight"],
  ["checkTarget", "preflight"],
  ["surveyAzure", "preflight"],
  ["holdVm", "queue"],
  ["createRestorePointStart", "backup"],
  ["createRestorePointAsk", "backup"],
  ["askBackup", "backup"],
  ["proveBackup", "backup"],
  ["createDiskStart", "clone"],
  ["createDiskAsk", "clone"],
  ["createWorkingVmStart", "clone"],
  ["createWorkingVmAsk", "clone"],
  ["askGuestStart", "generalize"],
  ["askGuestAsk", "generalize"],
  ["noteSealBegun", "generalize"],
  ["startSeal", "generalize"],
  ["askSeal", "generalize"],
  ["deallocateVmStart", "deallocate"],
  ["deallocateVmAsk", "deallocate"],
  ["markGeneralized", "capture"],
  ["createGalleryVersionStart", "register"],
  ["createGalleryVersionAsk", "register"],
];
const CLEAN_UP = ["removeResourceStart", "removeResourceAsk", "releaseVm"];
const backupProvedAt = (stage: string) => !["preflight", "queue", "backup"].includes(stage);

test("the matrix covers every act of a capture that succeeds", async () => {
  const { outcome } = await play({});
  expect([...new Set(outcome.calls.map(({ name }) => name))].sort()).toEqual(
    [...ACTS.map(([act]) => act), ...CLEAN_UP].sort(),
  );
});

describe("an act that is refused ends the run as refused, at its stage, with code and remedy", () => {
  test.each(ACTS)("%s", async (act, stage) => {
    const played = await play({ [act]: () => refused });
    expect(played.board).toMatchObject({
      status: "refused",
      error: { code: "AZURE_REFUSED", remedy: "do", stage },
    });
    expect(played.outcome.status).toBe("Completed");
    expectClean(played, backupProvedAt(stage));
  });
});

describe("an act that throws once is done again and the run succeeds", () => {
  test.each(ACTS)("%s", async (act) => {
    const good = captureWorld()[act];
    const played = await play({
      [act]: (input, call) => {
        if (call.nth === 0) throw new Error("connection reset");
        return good?.(input, call);
      },
    });
    expect(played.board.status).toBe("succeeded");
    expectClean(played, true);
  });
});

describe("an act whose answer is lost after its effect is done again, and makes nothing twice", () => {
  test.each(ACTS)("%s", async (act) => {
    const cloud = new TrackedCloud();
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(),
      activities: losingAnswer(cloud.track(captureWorld()), act),
    });
    const board = outcome.customStatus as Board;
    expect(board.status).toBe("succeeded");
    expectClean({ cloud, outcome, board }, true);
  });
});

describe("an act that always throws fails the run, at its stage, with what was said", () => {
  test.each(ACTS)("%s", async (act, stage) => {
    const played = await play({
      [act]: () => {
        throw new Error("Azure is down");
      },
    });
    expect(played.outcome.status).toBe("Failed");
    expect(played.board).toMatchObject({
      status: "failed",
      error: { code: "BROKEN", message: "Azure is down", stage },
    });
    expectClean(played, backupProvedAt(stage));
  });
});

describe("an operation that never ends fails when its clock runs out", () => {
  const waits = ACTS.filter(([act]) => act.endsWith("Ask"));
  test.each(waits)("%s", async (act, stage) => {
    const played = await play({ [act]: () => ({ status: "done", value: { state: "running" } }) });
    expect(played.board).toMatchObject({ status: "failed", error: { code: "TIME_LIMIT", stage } });
    expectClean(played, backupProvedAt(stage));
  });
});

describe("an operation that Azure fails is told in Azure's words", () => {
  const waits = ACTS.filter(([act]) => act.endsWith("Ask"));
  test.each(waits)("%s", async (act, stage) => {
    const value = { state: "failed", code: "InternalError", message: "the disk service gave up" };
    const played = await play({ [act]: () => ({ status: "done", value }) });
    expect(played.board).toMatchObject({
      status: "failed",
      error: { code: "AZURE_FAILED", message: "InternalError: the disk service gave up", stage },
    });
    expectClean(played, backupProvedAt(stage));
  });
});

describe("Azure's 'come back later' is obeyed, and costs no retry", () => {
  test.each(ACTS)("%s", async (act) => {
    const good = captureWorld()[act];
    const played = await play({
      [act]: (input, call) =>
        call.nth < 12 ? { status: "busy", retryAfterSeconds: 120, message: "429" } : good?.(input, call),
    });
    expect(played.board.status).toBe("succeeded");
    expectClean(played, true);
  });
});

describe("a cancel ends the run at its next wait, whatever it waits for", () => {
  const waits = [
    ...ACTS.filter(([act]) => act.endsWith("Ask")),
    ["askSeal", "generalize"],
    ["holdVm", "queue"],
  ] as const;
  test.each(waits)("%s", async (act, stage) => {
    const running = { status: "done", value: act === "holdVm" ? { heldBy: "run-0" } : { state: "running" } };
    const played = await play({ [act]: () => running }, [
      { atMs: 60_000, name: "cancel", input: { reason: "enough" } },
    ]);
    expect(played.board).toMatchObject({
      status: "cancelled",
      error: { message: "The run was cancelled: enough", stage },
    });
    expect(played.outcome.status).toBe("Completed");
    expectClean(played, backupProvedAt(stage));
  });
});

describe("a clean-up that cannot be done is named, and hides nothing", () => {
  test("a removal that always throws is a leftover of a run that succeeded", async () => {
    const played = await play({
      removeResourceStart: () => {
        throw new Error("Azure is down");
      },
    });
    expect(played.board.status).toBe("succeeded");
    expect(played.board.leftovers).toHaveLength(5);
    expect(played.board.leftovers[0]).toEqual({
      resource: `${GROUP}/virtualMachines/vmi-run-1-work`,
      reason: "Azure is down",
    });
  });

  test("a hold that cannot be let go is a leftover", async () => {
    const played = await play({
      releaseVm: () => {
        throw new Error("storage is down");
      },
    });
    expect(played.board).toMatchObject({ status: "succeeded", leftovers: [{ resource: "the hold on web" }] });
  });

  test("a cancel during the clean-up is too late, and the clean-up goes on to its end", async () => {
    const played = await play(
      {
        removeResourceAsk: (_, { nth }) => ({
          status: "done",
          value: nth < 30 ? { state: "running" } : { state: "succeeded", value: null },
        }),
      },
      [{ atMs: 40_000, name: "cancel", input: { reason: "too late" } }],
    );
    expect(played.board.status).toBe("succeeded");
    expectClean(played, true);
  });
});
