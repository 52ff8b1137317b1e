import fc from "fast-check";
import { expect, test } from "vitest";
import {
  markWritten,
  noneWritten,
  WORD_BYTES,
  writtenBytes,
  writtenWithin,
} from "../../../src/domain/vhd/written-grains.js";
import { MIB } from "../../support/vhd-builder.js";

const GRAIN = 64 * 1024;
const range = fc.record({ offset: fc.nat(9 * MIB), length: fc.integer({ min: 1, max: 5 * MIB }) });

test("every written byte lies in a stretch, every stretch is whole grains that hold one, and none passes the end", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 * MIB }), fc.array(range, { maxLength: 6 }), (size, ranges) => {
      const map = noneWritten(size);
      for (const one of ranges) markWritten(map, size, one);
      const grains = new Set<number>();
      for (const { offset, length } of ranges)
        for (
          let at = offset - (offset % GRAIN);
          at < Math.min(offset + length, size) && offset < size;
          at += GRAIN
        )
          grains.add(at);
      const found = [];
      for (let offset = 0; offset < size; offset += WORD_BYTES)
        found.push(...writtenWithin(map, { offset, length: Math.min(WORD_BYTES, size - offset) }));
      const covered = new Set<number>();
      for (const { offset, length } of found) {
        expect(offset + length).toBeLessThanOrEqual(size);
        for (let at = offset; at < offset + length; at += GRAIN) covered.add(at);
      }
      expect(covered).toEqual(grains);
      expect(writtenBytes(map)).toBe(grains.size * GRAIN);
    }),
    { numRuns: 300, seed: 5 },
  );
});

test("a disk of 8 TiB, every other grain of it written, takes 16 MiB and no more", () => {
  const size = 8 * 1024 ** 4;
  const map = noneWritten(size);
  expect(map.byteLength).toBe(16 * MIB);
  markWritten(map, size, { offset: 0, length: size });
  expect(writtenBytes(map)).toBe(size);
});
