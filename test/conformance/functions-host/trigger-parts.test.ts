/** The parts of triggers that need neither storage nor broker. */
import { describe, expect, it } from "vitest";
import { parseSchedule } from "../../../src/local/functions-host/triggers/schedule.js";
import { parseBlobPath } from "../../../src/local/functions-host/triggers/blob-path.js";
import { settlementQueue } from "../../../src/local/functions-host/triggers/settlement.js";

describe("a schedule", () => {
  it.each([
    ["0 */5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", "strictly after, not at"],
    ["*/15 * * * * *", "2026-01-01T00:00:07Z", "2026-01-01T00:00:15Z", "a step in seconds"],
    ["*/5 * * * *", "2026-01-01T00:01:00Z", "2026-01-01T00:05:00Z", "five fields begin at the minute"],
    ["0 30 9-17/4 * * *", "2026-01-01T10:00:00Z", "2026-01-01T13:30:00Z", "a step within a range"],
    ["0 0 0 1 Jan,jul *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z", "names of months"],
    [
      "0 0 8 * * Mon-Fri",
      "2026-01-02T09:00:00Z",
      "2026-01-05T08:00:00Z",
      "names of weekdays; the 3rd is a Saturday",
    ],
    ["0 0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z", "April has no 31st"],
    ["0 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", "the next leap year"],
    ["59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z", "the end of the year"],
    ["00:10:00", "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z", "a time span"],
  ])("%s after %s is due at %s: %s", (text, after, due) => {
    expect(new Date(parseSchedule(text, "Timer")(Date.parse(after))).toISOString()).toBe(
      new Date(due).toISOString(),
    );
  });

  it.each([
    ["* * *", "has 3 fields"],
    ["0 60 * * * *", '"60" is not between 0 and 59'],
    ["0 0 0 0 * *", '"0" is not between 1 and 31'],
    ["0 0 0 * foo *", '"foo" is not between 1 and 12'],
    ["*/0 * * * * *", "is no step"],
  ])("%s is refused: %s", (text, message) => {
    expect(() => parseSchedule(text, 'Timer "x"')(0)).toThrow(message);
  });

  it("says of a date that no year has that it is never due", () => {
    expect(() => parseSchedule("0 0 0 30 2 *", "Timer")(0)).toThrow("never due");
  });
});

describe("a blob path", () => {
  it.each([
    ["drop/{name}", "a/b.vhd", { name: "a/b.vhd" }, "a part takes slashes"],
    ["drop/{name}.{ext}", "a.b.vhd", { name: "a.b", ext: "vhd" }, "the last dot divides"],
    ["drop/in/{name}", "out/x", undefined, "another folder"],
    ["drop/x.vhd", "xyvhd", undefined, "a dot is a dot"],
    ["drop", "anything", {}, "a container alone"],
  ] as [string, string, object | undefined, string][])("%s of %s gives %j: %s", (path, name, expected) => {
    expect(parseBlobPath(path, "f").match(name)).toEqual(expected);
  });

  it("must name a container", () => {
    expect(() => parseBlobPath("{container}/x", 'Function "f"')).toThrow('Function "f"');
  });
});

describe("settlements", () => {
  it("puts a turn of the event loop between two that differ, and none between two that agree", async () => {
    const settle = settlementQueue();
    let turn = 0;
    let counter: NodeJS.Immediate;
    const count = () => {
      turn++;
      counter = setImmediate(count);
    };
    counter = setImmediate(count);
    const at: number[] = [];
    const outcomes = ["complete", "complete", "abandon", "complete"] as const;
    await Promise.all(outcomes.map((outcome) => settle(outcome, () => Promise.resolve(void at.push(turn)))));
    clearImmediate(counter);
    expect(at[1]).toBe(at[0]);
    expect(at[2]).toBeGreaterThan(at[1]!);
    expect(at[3]).toBeGreaterThan(at[2]!);
  });

  it("goes on after one that fails, and tells its own caller alone", async () => {
    const settle = settlementQueue();
    const failing = settle("complete", () => Promise.reject(new Error("lock lost")));
    const next = settle("abandon", () => Promise.resolve());
    await expect(failing).rejects.toThrow("lock lost");
    await expect(next).resolves.toBeUndefined();
  });
});
