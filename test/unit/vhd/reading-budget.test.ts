import { describe, expect, it } from "vitest";
import { bytesReader } from "../../support/bytes-reader.js";
import { budgetedReader, ReadBudgetExceeded } from "../../../src/domain/reading-budget.js";
import { syntheticReader } from "../../support/synthetic-reader.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index & 0xff);
const source = () => syntheticReader(1000, [{ offset: 0, bytes }]);
const limits = { maxBytes: 10_000, maxRequests: 100, windowBytes: 64, rememberedWindows: 4 };

describe("a reading budget", () => {
  it("hands out exactly the bytes that were asked for, across windows and at the end", async () => {
    const reader = budgetedReader(source(), limits);
    for (const [offset, length] of [
      [0, 1],
      [63, 2],
      [60, 200],
      [10, 990],
      [990, 10],
      [1000, 0],
      [0, 1000],
    ] as const) {
      expect(
        Buffer.from(await reader.read(offset, length)).equals(bytes.subarray(offset, offset + length)),
      ).toBe(true);
    }
    await expect(reader.read(999, 2)).rejects.toThrow(RangeError);
    await expect(reader.read(-1, 2)).rejects.toThrow(RangeError);
    await expect(reader.read(0, NaN)).rejects.toThrow(RangeError);
  });

  it("fetches neighbouring windows in one request and remembers them", async () => {
    const under = source();
    const reader = budgetedReader(under, limits);
    await reader.read(70, 100);
    await reader.read(64, 128);
    await reader.read(65, 1);
    expect(under.reads).toEqual([{ offset: 64, length: 128 }]);
    expect(reader).toMatchObject({ bytesRead: 128, requests: 1 });
  });

  it("shares one request between reads at the same time", async () => {
    const under = source();
    const reader = budgetedReader(under, limits);
    await Promise.all([reader.read(0, 10), reader.read(20, 10), reader.read(0, 64)]);
    expect(under.reads).toHaveLength(1);
  });

  it("forgets the least recently used window first", async () => {
    const under = source();
    const reader = budgetedReader(under, limits);
    for (const window of [0, 1, 2, 3, 0, 4, 0, 1]) await reader.read(window * 64, 1);
    expect(under.reads.map(({ offset }) => offset / 64)).toEqual([0, 1, 2, 3, 4, 1]);
  });

  it("does not remember what is larger than its memory", async () => {
    const under = source();
    const reader = budgetedReader(under, limits);
    await reader.read(1, 900);
    await reader.read(1, 900);
    expect(under.reads).toEqual([
      { offset: 1, length: 900 },
      { offset: 1, length: 900 },
    ]);
  });

  it.each<[string, Partial<typeof limits>]>([
    ["bytes", { maxBytes: 130 }],
    ["requests", { maxRequests: 2 }],
  ])(
    "refuses to pass its limit of %s, without reading, and still hands out what it has",
    async (_what, limit) => {
      const under = source();
      const reader = budgetedReader(under, { ...limits, ...limit });
      await reader.read(0, 1);
      await reader.read(200, 1);
      await expect(reader.read(500, 1)).rejects.toThrow(ReadBudgetExceeded);
      expect(under.reads).toHaveLength(2);
      await expect(reader.read(1, 1)).resolves.toEqual(Uint8Array.of(1));
    },
  );

  it("tries again after a read that failed", async () => {
    let failures = 1;
    const flaky = {
      sizeBytes: 1000,
      read: (offset: number, length: number) =>
        failures-- > 0 ? Promise.reject(new Error("503")) : bytesReader(bytes).read(offset, length),
    };
    const reader = budgetedReader(flaky, limits);
    await expect(reader.read(0, 4)).rejects.toThrow("503");
    await expect(reader.read(0, 4)).resolves.toEqual(Uint8Array.of(0, 1, 2, 3));
  });

  it("hands out plain bytes where the source has Buffers, whose slice() is no copy", async () => {
    const buffer = Buffer.from(bytes);
    const reader = budgetedReader(
      {
        sizeBytes: 1000,
        read: (offset, length) => Promise.resolve(buffer.subarray(offset, offset + length)),
      },
      limits,
    );
    for (const found of [
      await reader.read(3, 4),
      await reader.read(0, 900),
      await bytesReader(buffer).read(3, 4),
    ]) {
      expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
    }
  });
});
