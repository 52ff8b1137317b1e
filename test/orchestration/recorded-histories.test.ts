/**
 * The fourth fence of determinism: histories of runs as a release recorded them, replayed by the code of today. What it
 * asks for must be what it asked for then, or a run that is open when this code is deployed would break.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OrchestrationHandler } from "durable-functions";
import { describe, expect, test } from "vitest";
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { importImage } from "../../src/orchestrators/import-image.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import { captureWorld, inputOf } from "../support/capture-world.js";
import { RememberingCloud, firstInput, resumedInput } from "../support/resumable-world.js";
import { Standing, restoreInput } from "../support/restore-world.js";
import type { HistoryEvent } from "../support/replay.js";
import { execute, leavesOf, registered } from "../support/replay.js";
import { run as runImport } from "../support/run-import.js";
import { diskOf, done, landed } from "../support/import-world.js";
import { runOrchestration } from "../support/run-orchestration.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const histories = join(root, "test/fixtures/histories");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

interface Recording {
  readonly handler: OrchestrationHandler;
  readonly record: () => Promise<{ readonly history: readonly HistoryEvent[] }>;
}

const capture = (request: Record<string, unknown>): Recording => ({
  handler: captureImage,
  record: () => runOrchestration(captureImage, { input: inputOf(request), activities: captureWorld() }),
});

const RECORDINGS: Readonly<Record<string, Recording>> = {
  "capture-by-clone": capture({ testBoot: true }),
  "capture-in-place": capture({
    mode: "in-place",
    backup: { kind: "snapshots" },
    sourceAfter: "delete",
  }),
  "capture-specialized": capture({ image: { kind: "os-image", state: "specialized" } }),
  "capture-resumed": {
    handler: captureImage,
    record: async () => {
      const cloud = new RememberingCloud();
      const down = () => {
        throw new Error("Azure is down");
      };
      const failing = { ...cloud.world(), createGalleryVersionStart: down };
      await runOrchestration(captureImage, { input: firstInput(), activities: failing });
      return runOrchestration(captureImage, { input: resumedInput(), activities: cloud.world() });
    },
  },
  "import-mended": {
    handler: importImage,
    record: () =>
      runImport(
        { lookAtDrop: () => done(landed([diskOf(), diskOf(1, "data.vhd")])) },
        { verify: "read-back" },
      ),
  },
  restore: {
    handler: restoreSource,
    record: () =>
      runOrchestration(restoreSource, { input: restoreInput, activities: new Standing().world() }),
  },
};

const read = (path: string): HistoryEvent[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as HistoryEvent);

const SCHEDULED: Readonly<Record<number, (event: HistoryEvent) => string>> = {
  4: ({ Name, Input }) =>
    `activity ${String(Name)} ${JSON.stringify((JSON.parse(String(Input)) as [unknown])[0])}`,
  7: ({ Name, Input }) => `part ${String(Name)} ${String(Input)}`,
  10: ({ FireAt }) => `timer ${String(FireAt)}`,
};

/** What was asked for when the history was recorded. */
const asked = (history: readonly HistoryEvent[]): string[] =>
  history.flatMap((event) => SCHEDULED[event.EventType]?.(event) ?? []);

/** What is asked for now. */
async function asks(handler: OrchestrationHandler, history: readonly HistoryEvent[]): Promise<string[]> {
  const started = history.find(({ EventType }) => EventType === 0);
  const [, callback] = registered(handler);
  const { actions } = await execute(callback, JSON.parse(String(started?.["Input"])), history);
  return leavesOf(actions).flatMap(({ actionType, functionName = "", input, fireAt }) => {
    if (actionType === 0 || actionType === 1)
      return [`activity ${functionName} ${JSON.stringify(input ?? null)}`];
    if (actionType === 2) return [`part ${functionName} ${JSON.stringify(input)}`];
    return fireAt === undefined ? [] : [`timer ${new Date(fireAt).toISOString()}`];
  });
}

const pathOf = (release: string, name: string) => join(histories, release, `${name}.jsonl`);

// How and when: CONTRIBUTING.md, "Changing a runbook".
if (process.env["RECORD_HISTORIES"] === "1") {
  mkdirSync(join(histories, version), { recursive: true });
  for (const [name, { record }] of Object.entries(RECORDINGS)) {
    const { history } = await record();
    const lines = history.map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(pathOf(version, name), lines.join(""));
  }
}

const recorded = readdirSync(histories).flatMap((release) =>
  Object.keys(RECORDINGS).flatMap((name) => (existsSync(pathOf(release, name)) ? [{ release, name }] : [])),
);

describe("an open run goes on when this code is deployed", () => {
  test.each(recorded)("$name of $release", async ({ release, name }) => {
    const history = read(pathOf(release, name));
    expect(asked(history).length).toBeGreaterThan(0);
    expect(await asks(RECORDINGS[name]!.handler, history)).toEqual(asked(history));
  });

  test("each kind of run is recorded for this release", () => {
    const names = recorded.filter(({ release }) => release === version).map(({ name }) => name);
    expect(names).toEqual(Object.keys(RECORDINGS));
  });
});

/** Changes of a runbook that would break open runs. */
const DRIFTS: readonly (readonly [why: string, handler: OrchestrationHandler])[] = [
  [
    "one more call before all others",
    function* (context) {
      yield context.df.callActivity("inspectTenant", {});
      return yield* captureImage(context);
    },
  ],
  [
    "a timer more",
    function* (context) {
      yield context.df.createTimer(context.df.currentUtcDateTime);
      return yield* captureImage(context);
    },
  ],
  [
    "the same calls about something else",
    function* (context) {
      const input = context.df.getInput<CaptureInput>();
      Object.assign(context.df, { getInput: () => ({ ...input, runId: "run-2" }) });
      return yield* captureImage(context);
    },
  ],
];

test.each(DRIFTS)("a runbook that drifts is found out: %s", async (_why, handler) => {
  const history = read(pathOf(version, "capture-by-clone"));
  expect(await asks(captureImage, history)).toEqual(asked(history));
  expect(await asks(handler, history)).not.toEqual(asked(history));
});
