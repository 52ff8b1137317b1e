import type { DurableOrchestrationStatus } from "durable-functions";
import { describe, expect, it } from "vitest";
import type { RunKind } from "../../../src/contracts/status.js";
import { documentOf } from "../../../src/functions/status.js";

const SELF = "https://app.example/api/captures/web-7";
const backup = { name: "backup", state: "done" };
const noBackup = { name: "backup", state: "pending" };

function linksOf(kind: RunKind, runtimeStatus: string, output: unknown, customStatus?: unknown): string[] {
  const at = new Date("2031-05-06T07:08:09Z");
  const instance = { instanceId: "", name: "", createdTime: at, lastUpdatedTime: at, runtimeStatus, output };
  const status = { ...instance, customStatus } as unknown as DurableOrchestrationStatus;
  const links = Object.entries(documentOf(kind, "web-7", status, SELF).links);
  for (const [name, url] of links) expect(url).toBe(name === "self" ? SELF : `${SELF}/${name}`);
  return links.map(([name]) => name);
}

const board = (status: string, ...stages: object[]) => ({ status, stages, leftovers: [] });

describe("a status document links to what can be asked of the run", () => {
  it.each<[string, RunKind, string[], string, unknown, unknown?]>([
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
    ["a cancelled one goes on", "capture", ["self", "resume"], "Completed", board("cancelled", noBackup)],
    ["a refused one needs another request", "capture", ["self"], "Completed", board("refused", noBackup)],
    ["one that Durable ended goes on", "capture", ["self", "resume"], "Terminated", "by hand", null],
  ])("%s", (_why, kind, expected, runtimeStatus, output, customStatus) => {
    expect(linksOf(kind, runtimeStatus, output, customStatus)).toEqual(expected);
  });
});
