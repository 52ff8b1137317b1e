import type { DurableOrchestrationStatus } from "durable-functions";
import { describe, expect, it } from "vitest";
import type { RunKind } from "../../../src/contracts/status.js";
import { documentOf } from "../../../src/functions/status.js";

const SELF = "https://app.example/api/captures/web-7";
const backup = { name: "backup", state: "done" };
const noBackup = { name: "backup", state: "pending" };

function shownOf(
  kind: RunKind,
  runtimeStatus: string,
  output: unknown,
  customStatus?: unknown,
  request?: object,
) {
  const at = new Date("2031-05-06T07:08:09Z");
  const instance = { instanceId: "", name: "", createdTime: at, lastUpdatedTime: at, runtimeStatus, output };
  const status = { ...instance, customStatus, input: { request } } as unknown as DurableOrchestrationStatus;
  return documentOf(kind, "web-7", status, SELF);
}

function linksOf(...status: Parameters<typeof shownOf>): string[] {
  const links = Object.entries(shownOf(...status).links);
  for (const [name, url] of links) expect(url).toBe(name === "self" ? SELF : `${SELF}/${name}`);
  return links.map(([name]) => name);
}

const board = (status: string, ...stages: object[]) => ({ status, stages, leftovers: [] });

describe("a status document links to what can be asked of the run", () => {
  it.each<[string, RunKind, string[], string, unknown, unknown?, object?]>([
    ["one that waits can be cancelled", "capture", ["self", "cancel"], "Pending", undefined],
    [
      "one under way can be cancelled, and not yet restored",
      "capture",
      ["self", "cancel"],
      "Running",
      null,
      board("running", backup),
    ],
    ["an import that has ended is done with", "import", ["self"], "Completed", board("refused")],
    ["a restore that has ended is done with", "restore", ["self"], "Completed", board("failed", backup)],
    ["a good capture leads back", "capture", ["self", "restore"], "Completed", board("succeeded", backup)],
    [
      "a failed one goes on, and leads back",
      "capture",
      ["self", "resume", "restore"],
      "Completed",
      board("failed", backup),
    ],
    [
      "one that took over an earlier run's backup leads back, too",
      "capture",
      ["self", "restore"],
      "Completed",
      board("succeeded", { name: "backup", state: "skipped" }),
    ],
    [
      "one that cleans up is let do so",
      "capture",
      ["self"],
      "Running",
      null,
      board("running", backup, { name: "clean-up", state: "running" }),
    ],
    [
      "a backup that went with the run leads nowhere",
      "capture",
      ["self", "resume"],
      "Completed",
      board("failed", backup),
      null,
      { backup: { keepDays: 0 }, onFailure: "clean-up" },
    ],
    [
      "unless it was kept with all else",
      "capture",
      ["self", "resume", "restore"],
      "Completed",
      board("failed", backup),
      null,
      { backup: { keepDays: 0 }, onFailure: "keep-for-resume" },
    ],
    ["a cancelled one goes on", "capture", ["self", "resume"], "Completed", board("cancelled", noBackup)],
    ["a refused one needs another request", "capture", ["self"], "Completed", board("refused", noBackup)],
    ["one that Durable ended goes on", "capture", ["self", "resume"], "Terminated", "by hand", null],
  ])("%s", (_why, kind, expected, ...status) => {
    expect(linksOf(kind, ...status)).toEqual(expected);
  });
});

describe("a run that Durable ended while it was at work", () => {
  it.each([
    ["Failed", "failed", "BROKEN"],
    ["Terminated", "cancelled", "CANCELLED"],
  ])(
    "%s: ends the stage that it was in, and owns up to what it could not clean up",
    (durable, status, code) => {
      const stages = [backup, { name: "clone", state: "running" }, { name: "capture", state: "pending" }];
      const shown = shownOf("capture", durable, "by hand", board("running", ...stages));
      expect(shown).toMatchObject({
        status,
        error: { code, message: "by hand", stage: "clone" },
        leftovers: [{ resource: expect.stringContaining("vmimage-run") as string }],
      });
      expect(shown.stages.map(({ state }) => state)).toEqual(["done", status, "pending"]);
    },
  );

  it("is told by its own last word where it had one", () => {
    const shown = shownOf(
      "capture",
      "Failed",
      "Error: X",
      board("failed", { name: "clone", state: "failed" }),
    );
    expect(shown).toMatchObject({ status: "failed", leftovers: [] });
  });

  it("has left nothing where it never began", () => {
    expect(shownOf("capture", "Terminated", "by hand", null)).toMatchObject({
      status: "cancelled",
      leftovers: [],
    });
  });
});
