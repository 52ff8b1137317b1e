/** What the janitor may remove: a table, with a reason a row. In doubt a thing stays. */
import { describe, expect, test } from "vitest";
import { runStates } from "../../../src/functions/janitor.js";
import type { RunsState } from "../../../src/domain/janitor.js";
import { judgeLeftover } from "../../../src/domain/janitor.js";

const NOW = Date.UTC(2026, 0, 10);
const PAST = "2026-01-09T00:00:00.000Z";
const FUTURE = "2026-01-11T00:00:00.000Z";

type Row = readonly [
  why: string,
  remove: boolean,
  kind: string,
  expires: string | undefined,
  runs: RunsState,
  how?: "in use" | "failed",
];
const rows: readonly Row[] = [
  ["scaffolding of an ended run was forgotten", true, "work", undefined, "ended"],
  ["scaffolding of a run under way is needed", false, "work", undefined, "open"],
  ["scaffolding of a run that is not known may be another deployment's", false, "work", undefined, undefined],
  ["scaffolding kept for resume waits until its day", false, "work", FUTURE, "ended"],
  ["scaffolding kept for resume goes after its day", true, "work", PAST, "ended"],
  ["scaffolding past its day stays while a resumed run uses it", false, "work", PAST, "open"],
  ["a disk that is attached is somebody's", false, "work", undefined, "ended", "in use"],
  ["a backup past its day goes, whether its run is known or not", true, "backup", PAST, undefined],
  ["a backup stays until its day", false, "backup", FUTURE, "ended"],
  ["a backup of a run under way stays", false, "backup", PAST, "open"],
  ["a backup without an expiry date is kept", false, "backup", undefined, "ended"],
  ["a day that cannot be read is no day", false, "backup", "soon", "ended"],
  ["an image that stands is the product", false, "image", PAST, "ended"],
  ["a failed image waits for its resume until its day", false, "image", FUTURE, "ended", "failed"],
  ["a failed image goes after its day", true, "image", PAST, "ended", "failed"],
  [
    "a failed image goes after its day, whether its run is known or not",
    true,
    "image",
    PAST,
    undefined,
    "failed",
  ],
  ["a failed image stays while a resumed run makes it again", false, "image", PAST, "open", "failed"],
  ["a failed image without a day is somebody's to look at", false, "image", undefined, "ended", "failed"],
  ["a restored disk is a VM's", false, "restored", PAST, "ended"],
  ["a kind that we do not know is not ours", false, "", PAST, "ended"],
];

describe("the janitor", () => {
  const named = rows.map(([why, remove, kind, expires, runs, how]) => ({
    why,
    remove,
    kind,
    expires,
    runs,
    how,
  }));
  test.each(named)("$why", ({ remove, kind, expires, runs, how }) => {
    const tags = {
      "vmimage-run": "r",
      "vmimage-kind": kind,
      ...(expires === undefined
        ? {}
        : { [kind === "image" ? "vmimage-resume-until" : "vmimage-expires"]: expires }),
    };
    const verdict = judgeLeftover(
      { id: "/x", tags, inUse: how === "in use", failed: how === "failed" },
      runs,
      NOW,
    );
    expect(verdict.remove).toBe(remove);
    expect(verdict.why).toMatch(/\w/);
  });

  test("takes a run for open as long as one that goes on with it is", () => {
    const instance = (instanceId: string, runtimeStatus: string, input: unknown = null) =>
      ({ instanceId, runtimeStatus, input }) as never;
    const stateOf = runStates([
      instance("capture-a", "Failed"),
      instance("capture-a-2-ef0f4c3f", "Running", { request: {}, resumes: "a" }),
      instance("capture-b", "Terminated"),
      instance("restore-b", "Completed"),
      instance("something-else", "Running"),
    ]);
    expect(["a", "a-2-ef0f4c3f", "b", "restore-b", "else", "c"].map(stateOf)).toEqual([
      "open",
      "open",
      "ended",
      "ended",
      undefined,
      undefined,
    ]);
  });
});
