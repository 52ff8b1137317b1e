/** The journal does not outgrow what lives, whatever moment it is cut off at; ended operations are told of for a day. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../../src/local/compute/model/journal.js";
import { RESULT_KEPT_MS } from "../../../src/local/compute/model/operations.js";
import { Table } from "../../../src/local/compute/model/store.js";
import { GROUP, POLL, startBench } from "./support.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "compute-journal-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const turn = () => new Promise((resolve) => void setImmediate(resolve));

function open(at: string, foldAboveBytes?: number, log: (line: string) => void = () => undefined) {
  const rows = new Table<{ value: number; padding: string }>();
  const tables = { rows } as unknown as Readonly<Record<string, Table<never>>>;
  return { rows, journal: new Journal(tables, { directory: at, foldAboveBytes, log }) };
}

const contentsOf = (at: string) => [...open(at).rows.entries()].map(([key, { value }]) => [key, value]);
const copied = (from: string, to: string) => {
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFileSync(path.join(from, name), path.join(to, name));
};
const bytesOf = (at: string) =>
  readdirSync(at).reduce((sum, name) => sum + statSync(path.join(at, name)).size, 0);

describe("the journal", () => {
  it("stays within a few times what lives, however often that changes", async () => {
    const { rows, journal } = open(directory, 50_000);
    for (let round = 0; round < 2000; round += 1) {
      rows.set(`row-${round % 20}`, { value: round, padding: "x".repeat(500) });
      journal.commit();
      if (round % 10 === 0) await turn();
    }
    await journal.close();
    // Twenty rows of half a kilobyte; without folds this would be more than a megabyte.
    expect(bytesOf(directory)).toBeLessThan(250_000);
    expect(contentsOf(directory)).toHaveLength(20);
    expect(contentsOf(directory)).toContainEqual(["row-19", 1999]);
  });

  it("may be cut off after any commit, before, within and after a fold, and knows what was committed", async () => {
    const state = path.join(directory, "state");
    const { rows, journal } = open(state, 300_000);
    const expected = new Map<string, number>();
    const seen = { folding: 0, folded: 0 };
    for (let round = 0; round < 400; round += 1) {
      const key = `row-${round % 150}`;
      if (round % 7 === 3) rows.delete(key);
      else rows.set(key, { value: round, padding: "x".repeat(10_000) });
      if (round % 7 === 3) expected.delete(key);
      else expected.set(key, round);
      journal.commit();
      await turn();
      const folding = existsSync(path.join(state, "journal.old.jsonl"));
      if (folding) seen.folding += 1;
      else if (seen.folding > 0) seen.folded += 1;
      if (!folding && round % 40 !== 0) continue;
      const copy = path.join(directory, `copy-${round}`);
      copied(state, copy);
      appendFileSync(path.join(copy, "journal.jsonl"), '{"rows":{"torn');
      expect(Object.fromEntries(contentsOf(copy)), `after ${round}`).toEqual(Object.fromEntries(expected));
      rmSync(copy, { recursive: true });
    }
    expect(seen.folding).toBeGreaterThan(3);
    expect(seen.folded).toBeGreaterThan(3);
    await journal.close();
  });

  it("is whole again between the two last steps of a fold, when the new state and the old commits both stand", () => {
    const { rows, journal } = open(directory);
    for (const value of [1, 2, 3]) {
      rows.set("a", { value, padding: "" });
      journal.commit();
    }
    copyFileSync(path.join(directory, "journal.jsonl"), path.join(directory, "old"));
    rows.set("a", { value: 4, padding: "" });
    rows.set("b", { value: 1, padding: "" });
    journal.commit();
    open(directory);
    // The state holds everything; the old commits are replayed over it, and after them those that came since.
    const since = '{"rows":{"a":{"value":4,"padding":""},"b":{"value":1,"padding":""}}}\n';
    copyFileSync(path.join(directory, "old"), path.join(directory, "journal.old.jsonl"));
    appendFileSync(path.join(directory, "journal.jsonl"), since);
    expect(contentsOf(directory)).toEqual([
      ["a", 4],
      ["b", 1],
    ]);
  });

  it("says why it cannot be folded, and goes on keeping what is committed", async () => {
    const lines: string[] = [];
    const { rows, journal } = open(directory, 1_000, (line) => void lines.push(line));
    mkdirSync(path.join(directory, "state.json.new"));
    for (let value = 0; value < 20; value += 1) {
      rows.set("a", { value, padding: "x".repeat(100) });
      journal.commit();
      await turn();
    }
    await journal.close();
    expect(lines.join("\n")).toContain("could not fold the journal");
    rmSync(path.join(directory, "state.json.new"), { recursive: true });
    expect(contentsOf(directory)).toEqual([["a", 19]]);
  });
});

describe("an ended operation", () => {
  it("is told of for a day of the cloud's time, over restarts too, and is then unknown", async () => {
    const first = await startBench({ stateDir: directory });
    const id = first.id("virtualMachines", "linux1");
    const started = await first.call("POST", `${id}/deallocate?api-version=2024-07-01`);
    const { pathname, search } = new URL(started.headers.get("azure-asyncoperation") ?? "");
    await first.pass(60);
    first.clock.advance(RESULT_KEPT_MS - 60_000);
    await first.stop();
    const second = await startBench({ stateDir: directory, clock: first.clock });
    const told = await second.call("GET", pathname + search);
    expect([told.status, told.body]).toMatchObject([200, { status: "Succeeded" }]);
    second.clock.advance(120_000);
    expect((await second.call("GET", pathname + search)).status).toBe(404);
    await second.stop();
  });

  it("leaves nothing in the state once others have begun", async () => {
    const bench = await startBench({ stateDir: directory });
    const start = () =>
      bench.settle(bench.client.virtualMachines.reapply(GROUP, "linux1", POLL).pollUntilDone());
    for (let count = 0; count < 5; count += 1) await start();
    bench.clock.advance(RESULT_KEPT_MS + 1000);
    await start();
    await bench.stop();
    const operations = new Table<unknown>();
    const tables = { operations } as unknown as Readonly<Record<string, Table<never>>>;
    const journal = new Journal(tables, { directory, log: () => undefined });
    expect(operations.size).toBe(1);
    await journal.close();
  });
});
