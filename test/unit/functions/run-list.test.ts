/** What a list of runs asks of Durable's store, and what it shows of the answer. */
import type { DurableOrchestrationStatus, OrchestrationFilter } from "durable-functions";
import { OrchestrationRuntimeStatus } from "durable-functions";
import { describe, expect, it } from "vitest";
import { findRuns, runQuery } from "../../../src/functions/run-list.js";

const NOW = Date.parse("2031-05-20T12:00:00Z");
const { Completed, Failed, Running, Suspended, Pending } = OrchestrationRuntimeStatus;

type Row = readonly [id: string, created: string, durable: OrchestrationRuntimeStatus, board?: string];
const store: readonly Row[] = [
  ["capture-new", "2031-05-20T11:00:00Z", Running, "running"],
  ["capture-queued", "2031-05-20T11:59:00Z", Pending],
  ["import-yesterday", "2031-05-19T08:00:00Z", Completed, "refused"],
  ["restore-thursday", "2031-05-15T08:00:00Z", Completed, "succeeded"],
  ["import-broke", "2031-05-14T08:00:00Z", Failed, "running"],
  ["capture-last-month", "2031-04-20T08:00:00Z", Completed, "succeeded"],
  ["capture-stopped-by-hand", "2031-04-10T08:00:00Z", Suspended, "running"],
  ["9b2c:0001", "2031-05-20T11:30:00Z", Running],
];

/** As the library has it: a list's times are text, whatever its types say. */
const instance = ([instanceId, created, runtimeStatus, board]: Row) =>
  ({
    instanceId,
    createdTime: created,
    lastUpdatedTime: created,
    runtimeStatus,
    customStatus: board === undefined ? null : { status: board, stages: [], leftovers: [] },
  }) as unknown as DurableOrchestrationStatus;

async function list(query: Record<string, string>) {
  const read: string[] = [];
  const client = {
    getStatusBy: ({ createdTimeFrom, runtimeStatus }: OrchestrationFilter) => {
      const found = store.filter(
        ([, created, durable]) =>
          (createdTimeFrom === undefined || Date.parse(created) >= createdTimeFrom.getTime()) &&
          (runtimeStatus === undefined || runtimeStatus.includes(durable)),
      );
      read.push(...found.map(([id]) => id));
      return Promise.resolve(found.map(instance));
    },
  };
  const runs = await findRuns(client, runQuery.parse(query), (kind, id) => `${kind}s/${id}`, NOW);
  return { shown: runs.map(({ links }) => links.self), read };
}

describe("a list of runs", () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      "shows the last seven days, and older ones only where they have not ended",
      {},
      [
        "captures/queued",
        "captures/new",
        "imports/yesterday",
        "restores/thursday",
        "imports/broke",
        "captures/stopped-by-hand",
      ],
    ],
    [
      "goes back as far as it is asked to",
      { since: "2031-04-20", kind: "capture" },
      ["captures/queued", "captures/new", "captures/last-month"],
    ],
    ["leaves out what is older than a time", { since: "2031-05-20T13:30:00+02:00" }, ["captures/queued"]],
    [
      "goes by our status: what Durable completed may have been refused",
      { status: "refused" },
      ["imports/yesterday"],
    ],
    ["takes several", { status: "succeeded,failed" }, ["restores/thursday", "imports/broke"]],
    [
      "has every run under way, however old",
      { status: "pending,running" },
      ["captures/queued", "captures/new", "captures/stopped-by-hand"],
    ],
    [
      "shows a run once that is both recent and under way",
      { status: "running", since: "2031-05-20" },
      ["captures/new"],
    ],
  ])("%s", async (_why, query, expected) => {
    expect((await list(query)).shown).toEqual(expected);
  });

  it.each<[string, Record<string, string>]>([
    ["what is old and over", {}],
    ["anything that has ended, when that is not asked for", { status: "pending,running" }],
    ["what began before, when a time is given", { since: "2031-05-01", status: "succeeded" }],
  ])("does not read %s", async (_why, query) => {
    const { read } = await list(query);
    expect(read).not.toContain("capture-last-month");
    if (query["status"] === "pending,running") expect(read).not.toContain("import-yesterday");
  });

  it.each([
    [{ kind: "cake" }, "kind"],
    [{ status: "" }, "status"],
    [{ status: "done" }, "status"],
    [{ since: "last week" }, "since"],
    [{ since: "2031-13-01" }, "since"],
    [{ since: "2031-05-20T12:00:00" }, "since"],
  ])("refuses %j", (query, field) => {
    const [issue] = runQuery.safeParse(query).error?.issues ?? [];
    expect(issue?.path[0]).toBe(field);
  });

  it("takes no offence at a function key in its query", () => {
    expect(runQuery.parse({ code: "a-key", kind: "import" })).toEqual({ kind: "import" });
  });
});
