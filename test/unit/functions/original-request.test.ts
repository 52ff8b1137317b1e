/** A request as it came, kept beside its run: a message may be anything, and being kept must not fail. */
import { expect, test } from "vitest";
import { originalOf } from "../../../src/functions/captures.js";

const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown;

test.each([
  ["text stays what it is", "not { JSON", "not { JSON"],
  ["an object is its JSON", { sourceVmId: "x" }, '{"sourceVmId":"x"}'],
  ["nothing is nothing", undefined, ""],
  ["what is nested without end is said to be", nested(100_000), "(nested too deep to be kept)"],
])("%s", (_, body, kept) => {
  expect(originalOf(body)).toBe(kept);
});

test("what is nested deep is kept in the size in which it came", () => {
  expect(originalOf(nested(1000))).toHaveLength(2000);
});
