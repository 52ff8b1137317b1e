/**
 * The failure matrix of the capture runbook: every act × every way it can go wrong → how the run ends, that the source
 * VM is unhurt, and that nothing is left but what is named or asked for.
 */
import { describe, expect, test } from "vitest";
import { PATIENT } from "../../src/contracts/retry.js";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { BY_CLONE } from "../support/clone-acts.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";
import { GROUP, TrackedCloud, captureWorld, inputOf, losingAnswer } from "../support/capture-world.js";

const IMAGE = `${GROUP}/galleries/g/images/web/versions/1.0.0`;
const MANAGED = `${GROUP}/images/web`;
const down = () => {
  throw new Error("Azure is down");
};
const beginning = (words: string) => expect.stringMatching(new RegExp(`^${words}`)) as string;
const refused = { status: "refused", code: "AZURE_REFUSED", message: "no", remedy: "do" };

/** Every way to capture, by what its request says. */
const WAYS = {
  clone: {},
  "OS image": { image: { kind: "os-image" } },
  specialized: { image: { state: "specialized" } },
  snapshots: { backup: { kind: "snapshots" } },
  "managed image": { target: { kind: "managed-image", imageId: MANAGED } },
  "test boot": { testBoot: true },
  "in place": { mode: "in-place", sourceAfter: "delete" },
} satisfies Record<string, Record<string, unknown>>;
type Way = keyof typeof WAYS;

async function play(
  way: Way,
  change: Record<string, ScriptedActivity>,
  events: OrchestrationScript["events"] = [],
) {
  const cloud = new TrackedCloud();
  const activities = cloud.track({ ...captureWorld(), ...change });
  const outcome = await runOrchestration(captureImage, { input: inputOf(WAYS[way]), activities, events });
  return { way, cloud, outcome, board: outcome.customStatus as Board };
}

/** The acts of the other ways that no clone does, or does in another stage. */
const OTHERWISE: readonly (readonly [act: string, stage: string, way: Way])[] = [
  ["createDiskStart", "register", "specialized"],
  ["createDiskAsk", "register", "specialized"],
  ["createSnapshotStart", "backup", "snapshots"],
  ["createSnapshotAsk", "backup", "snapshots"],
  ["createManagedImageStart", "register", "managed image"],
  ["createManagedImageAsk", "register", "managed image"],
  ["createTestVmStart", "test-boot", "test boot"],
  ["createTestVmAsk", "test-boot", "test boot"],
  ["promoteVersionStart", "promote", "test boot"],
  ["promoteVersionAsk", "promote", "test boot"],
  ["protectVmStart", "backup", "in place"],
  ["protectVmAsk", "backup", "in place"],
  ["createGalleryVersionAsk", "register", "in place"],
  ["recallModel", "source", "in place"],
  ["removeSourceVmStart", "source", "in place"],
  ["removeSourceVmAsk", "source", "in place"],
];
const ACTS = [...BY_CLONE.map(([act, stage]) => [act, stage, "clone"] as const), ...OTHERWISE];
const WAITS = ACTS.filter(([act]) => act.endsWith("Ask"));
const CLEAN_UP = ["removeResourceStart", "removeResourceAsk", "releaseVm"];

/** From a restore point, or of every disk. */
const backupOf = (way: Way): string[] =>
  way === "snapshots"
    ? ["lun0", "lun3", "lun7", "os"].map((disk) => `${GROUP}/snapshots/vmi-run-1-${disk}`)
    : ["", "/restorePoints/backup"].map((point) => `${GROUP}/restorePointCollections/vmi-run-1${point}`);

/**
 * What may be left: the image of a run that succeeded, or that failed when it was made and only the source was to go;
 * the backup once it was proved; and whatever is named. A clone writes nothing on its source, whatever happens.
 */
function expectClean({ way, cloud, board }: Awaited<ReturnType<typeof play>>, act: string): void {
  const { stage = "" } = board.error ?? {};
  const made = board.status === "succeeded" || stage === "source";
  const proved = !["preflight", "queue", "backup"].includes(stage) || act.startsWith("protectVm");
  const named = board.leftovers.map(({ resource }) => resource);
  const expected = [
    ...(made ? [way === "managed image" ? MANAGED : IMAGE] : []),
    ...(proved ? backupOf(way) : []),
    ...named.filter((resource) => resource.startsWith("/")),
  ];
  expect([...cloud.resources].sort()).toEqual([...new Set(expected)].sort());
  if (way !== "in place") expect(cloud.harm).toEqual([]);
  // What is kept on purpose is no leftover; where it is kept is said on the board, however the run ended.
  const said = board.stages.find(({ name }) => name === "backup")?.detail ?? "";
  if (proved)
    expect(said).toMatch(/; kept until 2026-01-0.*: (restore-point|snapshots) vmi-run-1.* in rg-production$/);
}

test.each(Object.keys(WAYS) as Way[])("the matrix covers every act of a %s that succeeds", async (way) => {
  const { outcome } = await play(way, {});
  const known = new Set([...BY_CLONE.map(([act]) => act), ...CLEAN_UP]);
  const own = OTHERWISE.filter((row) => row[2] === way).map(([act]) => act);
  const done = new Set(outcome.calls.map(({ name }) => name));
  expect([...done].filter((act) => !known.has(act)).sort()).toEqual(
    own.filter((act) => !known.has(act)).sort(),
  );
  if (way === "clone") expect(done).toEqual(known);
});

describe("an activity that is refused ends the run as refused, at its stage, with code and remedy", () => {
  test.each(ACTS)("%s in %s of a %s", async (act, stage, way) => {
    const played = await play(way, { [act]: () => refused });
    expect(played.board).toMatchObject({
      status: "refused",
      error: { code: "AZURE_REFUSED", remedy: beginning("do"), stage },
    });
    expect(played.outcome.status).toBe("Completed");
    expectClean(played, act);
  });
});

describe("an activity that throws once is retried and the run succeeds", () => {
  test.each(ACTS)("%s in %s of a %s", async (act, _, way) => {
    const good = captureWorld()[act];
    const played = await play(way, {
      [act]: (input, call) => {
        if (call.nth === 0) throw new Error("connection reset");
        return good?.(input, call);
      },
    });
    expect(played.board.status).toBe("succeeded");
    expectClean(played, act);
  });
});

describe("an activity whose answer is lost after its effect is retried, and creates nothing twice", () => {
  test.each(ACTS)("%s in %s of a %s", async (act, _, way) => {
    const cloud = new TrackedCloud();
    const outcome = await runOrchestration(captureImage, {
      input: inputOf(WAYS[way]),
      activities: losingAnswer(cloud.track(captureWorld()), act),
    });
    const board = outcome.customStatus as Board;
    expect(board.status).toBe("succeeded");
    expectClean({ way, cloud, outcome, board }, act);
  });
});

describe("an activity that always throws fails the run, at its stage, with the error message", () => {
  test.each(ACTS)("%s in %s of a %s", async (act, stage, way) => {
    const played = await play(way, { [act]: down });
    expect(played.outcome.status).toBe("Failed");
    expect(played.board).toMatchObject({
      status: "failed",
      error: { code: "BROKEN", message: beginning("Azure is down"), stage },
    });
    expectClean(played, act);
  });
});

/** What Azure says of a VM that does not boot is told as what it means for the image. */
const codeOf = (act: string, code: string) => (act === "createTestVmAsk" ? "TEST_BOOT_FAILED" : code);

describe("an operation that never ends fails at its time limit", () => {
  test.each(WAITS)("%s in %s of a %s", async (act, stage, way) => {
    const played = await play(way, { [act]: () => ({ status: "done", value: { state: "running" } }) });
    expect(played.board).toMatchObject({
      status: "failed",
      error: { code: codeOf(act, "TIME_LIMIT"), stage },
    });
    expectClean(played, act);
  });
});

describe("an operation that Azure fails is reported with Azure's message", () => {
  test.each(WAITS)("%s in %s of a %s", async (act, stage, way) => {
    const value = { state: "failed", code: "InternalError", message: "the disk service gave up" };
    const played = await play(way, { [act]: () => ({ status: "done", value }) });
    expect(played.board).toMatchObject({
      status: "failed",
      error: {
        code: codeOf(act, "AZURE_FAILED"),
        message: beginning(`${act.replace(/Ask$/, "")}.*: InternalError: the disk service gave up`),
        stage,
      },
    });
    expectClean(played, act);
  });
});

describe("Azure's Retry-After is obeyed, and costs no retry", () => {
  test.each(ACTS)("%s in %s of a %s", async (act, _, way) => {
    const good = captureWorld()[act];
    const played = await play(way, {
      [act]: (input, call) =>
        call.nth <= PATIENT.attempts
          ? { status: "busy", retryAfterSeconds: 120, message: "429" }
          : good?.(input, call),
    });
    expect(played.board.status).toBe("succeeded");
    expectClean(played, act);
  });
});

describe("a cancel ends the run at whatever stage it is", () => {
  const running = (act: string) => ({
    status: "done",
    value: act === "holdVm" ? { heldBy: "run-0" } : { state: "running" },
  });
  const waits = [...WAITS, ["askSeal", "generalize", "clone"], ["holdVm", "queue", "clone"]] as const;
  test.each(waits)("at its next wait: %s in %s of a %s", async (act, stage, way) => {
    const enough = [{ atMs: 60_000, name: "cancel", input: { reason: "enough" } }];
    const played = await play(way, { [act]: () => running(act) }, enough);
    expect(played.board).toMatchObject({
      status: "cancelled",
      error: { message: beginning("The run was cancelled: enough"), stage },
    });
    expect(played.outcome.status).toBe("Completed");
    expectClean(played, act);
  });

  test.each([
    ["clone", "inspectVm", "queue"],
    ["in place", "surveyAzure", "queue"],
    ["clone", "proveBackup", "clone"],
    ["clone", "createGalleryVersionAsk", undefined],
    ["test boot", "createGalleryVersionAsk", "test-boot"],
    ["test boot", "promoteVersionAsk", undefined],
    ["in place", "createGalleryVersionAsk", undefined],
  ] as const)("before its next stage, of a %s that waits for nothing: %s", async (way, act, stage) => {
    const before = await play(way, {});
    const atMs = (before.outcome.calls.find(({ name }) => name === act)?.atMs ?? 0) + 500;
    const played = await play(way, {}, [{ atMs, name: "cancel", input: {} }]);
    expect(played.board.status).toBe("cancelled");
    expect(played.board.error?.stage).toBe(stage);
    expectClean(played, act);
  });
});

describe("a clean-up that fails is reported, and hides nothing", () => {
  test("a removal that always throws is a leftover of a run that succeeded", async () => {
    const played = await play("clone", { removeResourceStart: down });
    expect(played.board.status).toBe("succeeded");
    expect(played.board.leftovers).toHaveLength(5);
    expect(played.board.leftovers[0]).toEqual({
      resource: `${GROUP}/virtualMachines/vmi-run-1-work`,
      reason: "Azure is down",
    });
  });

  test("a hold that cannot be released is a leftover", async () => {
    const played = await play("clone", { releaseVm: down });
    expect(played.board).toMatchObject({ status: "succeeded", leftovers: [{ resource: "the hold on web" }] });
  });

  test("a cancel during the clean-up is too late, and the clean-up completes", async () => {
    const played = await play(
      "clone",
      {
        removeResourceAsk: (_, { nth }) => ({
          status: "done",
          value: nth < 30 ? { state: "running" } : { state: "succeeded", value: null },
        }),
      },
      [{ atMs: 40_000, name: "cancel", input: { reason: "too late" } }],
    );
    expect(played.board.status).toBe("succeeded");
    expectClean(played, "removeResourceAsk");
  });
});
