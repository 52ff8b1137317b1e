import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesReader } from "../../support/bytes-reader.js";
import type { Container } from "../../../src/domain/vhd/container.js";
import { planEndPatch, planMending } from "../../../src/domain/vhd/mending-plan.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { decodePlan, encodePlan } from "../../../src/domain/vhd/plan-file.js";
import { sliceExtent, sliceUnits } from "../../../src/domain/vhd/slice-units.js";
import { markWritten, noneWritten } from "../../../src/domain/vhd/written-grains.js";
import { mend } from "../../support/mend.js";
import { diskWith, dynamicVhd, fixedVhd, footerBytes, isAllZero, MIB } from "../../support/vhd-builder.js";
import { logicalDisk } from "../../support/vhd-reference-reader.js";

async function containerOf(file: Buffer): Promise<Container> {
  const opened = await openVhd(bytesReader(file));
  if (opened.status === "refused") throw new Error(opened.findings[0].what);
  return opened.container;
}

/** What Azure checks of a blob, and that it holds the disk that an independent reader sees. */
function expectFixedDiskOf(file: Buffer, pageBlob: Buffer): void {
  const expected = logicalDisk(file);
  const newBytes = pageBlob.length - 512;
  expect(newBytes % MIB).toBe(0);
  expect(newBytes).toBeGreaterThanOrEqual(20 * MIB);
  expect(newBytes - expected.length).toBeLessThan(Math.max(MIB, 20 * MIB));
  expect(expected.equals(pageBlob.subarray(0, expected.length))).toBe(true);
  expect(isAllZero(pageBlob.subarray(expected.length, newBytes))).toBe(true);
  expect(logicalDisk(pageBlob)).toHaveLength(newBytes);
}

/** The definition of the tree hash, over the whole disk at once. */
function treeHashOf(disk: Buffer): string {
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const leaves: Buffer[] = [];
  for (let at = 0; at < disk.length; at += 2 * MIB) leaves.push(sha256(disk.subarray(at, at + 2 * MIB)));
  return sha256(Buffer.concat(leaves)).toString("hex");
}

const disk = diskWith(27 * MIB + 512, [
  { at: 0, length: 512 },
  { at: 4 * MIB - 700, length: 1500 },
  { at: 9 * MIB, length: 5 * MIB },
  { at: 27 * MIB, length: 512 },
]);

describe("a mending plan", () => {
  it.each<[string, Buffer]>([
    ["blocks of 2 MiB", dynamicVhd({ disk })],
    ["blocks of 4 KiB", dynamicVhd({ disk, blockSize: 4096 })],
    ["blocks of 4 KiB, last to first", dynamicVhd({ disk, blockSize: 4096, reversed: true })],
    ["blocks of 512 KiB, last to first", dynamicVhd({ disk, blockSize: 512 * 1024, reversed: true })],
    ["blocks of 16 MiB", dynamicVhd({ disk, blockSize: 16 * MIB })],
    ["blocks of 64 MiB, larger than the disk", dynamicVhd({ disk, blockSize: 64 * MIB })],
    ["cleared bits over stale bytes", dynamicVhd({ disk, sparseBitmap: true, stale: 0xaa })],
    [
      "cleared bits in blocks of 16 MiB",
      dynamicVhd({ disk, blockSize: 16 * MIB, sparseBitmap: true, stale: 0xaa }),
    ],
    ["every block there and zero", dynamicVhd({ disk: diskWith(21 * MIB, []), keepZeroBlocks: true })],
    ["no block at all", dynamicVhd({ disk: diskWith(64 * MIB, []) })],
    ["a disk that must grow to 20 MiB", dynamicVhd({ disk: disk.subarray(0, 5 * MIB) })],
    ["a fixed block blob", fixedVhd({ disk })],
    ["a fixed disk with a short footer", fixedVhd({ disk, footerLength: 511 })],
  ])("makes the disk that the reference reader sees of %s", async (_why, file) => {
    const container = await containerOf(file);
    const whole = mend(file, container);
    expectFixedDiskOf(file, whole.pageBlob);
    expect(whole.root).toBe(treeHashOf(whole.pageBlob.subarray(0, -512)));
    const bySlices = mend(file, container, { maxSliceSourceBytes: 5 * MIB, unitsPerActivity: 2 });
    expect(bySlices.pageBlob.equals(whole.pageBlob)).toBe(true);
    expect(bySlices.root).toBe(whole.root);
    expect(whole.bytesFetched).toBeLessThan(2.2 * container.virtualBytes);
  });

  it("moves nothing of a disk without blocks but its footer", async () => {
    const file = dynamicVhd({ disk: diskWith(256 * MIB, []) });
    expect(mend(file, await containerOf(file))).toMatchObject({ puts: 1, bytesPut: 512, bytesFetched: 0 });
  });

  it("counts the sectors whose stale bytes it hides", async () => {
    const file = dynamicVhd({
      disk: diskWith(20 * MIB, [{ at: 0, length: 512 }]),
      sparseBitmap: true,
      stale: 1,
    });
    expect(mend(file, await containerOf(file)).staleSectors).toBe(4095);
  });

  it("reads a sparse page blob by its ranges alone", async () => {
    const file = fixedVhd({ disk });
    const container = await containerOf(file);
    const written = noneWritten(container.virtualBytes);
    for (const range of [
      { offset: 0, length: 4096 },
      { offset: 4 * MIB - 1024, length: 2048 },
      { offset: 9 * MIB, length: 5 * MIB },
      { offset: 27 * MIB, length: 1024 },
    ])
      markWritten(written, container.virtualBytes, range);
    const mended = mend(file, container, { written });
    expectFixedDiskOf(file, mended.pageBlob);
    expect(mended.bytesFetched).toBe((1 + 2) * 64 * 1024 + 5 * MIB + 512);
  });

  it("is the same for every look at one file, and survives being written down", async () => {
    const file = dynamicVhd({ disk });
    const [one, other] = [planMending(await containerOf(file)), planMending(await containerOf(file))];
    expect(other).toEqual(one);
    expect(decodePlan(encodePlan(one))).toEqual(one);
    expect(() => decodePlan(encodePlan(one).subarray(0, -1))).toThrow("truncated");
    expect(() => decodePlan(new Uint8Array(100))).toThrow("not a mending plan");
  });

  it("covers the disk with slices that begin at multiples of 4 MiB and stay within their bound", async () => {
    const plan = planMending(await containerOf(dynamicVhd({ disk, keepZeroBlocks: true })), {
      maxSliceSourceBytes: 9 * MIB,
    });
    expect(plan.sliceStarts).toEqual([0, 8 * MIB, 16 * MIB, 24 * MIB]);
    expect(sliceExtent(plan, 3)).toEqual({ offset: 24 * MIB, length: 3 * MIB + 512 });
    expect(() => sliceExtent(plan, 4)).toThrow(RangeError);
    const units = plan.sliceStarts.flatMap((_start, slice) => [...sliceUnits(plan, slice)]);
    expect(units.map(({ index }) => index)).toEqual([...Array(14).keys()]);
  });

  it("holds for any disk in any arrangement of blocks", () => {
    const arrangements = fc.record({
      sizeSectors: fc.integer({ min: 1, max: 6 * 2048 }),
      runs: fc.array(
        fc.record({ at: fc.integer({ min: 0, max: 6 * MIB }), length: fc.integer({ min: 1, max: 300_000 }) }),
        { maxLength: 5 },
      ),
      blockSize: fc.constantFrom(4096, 32768, 512 * 1024, 2 * MIB, 4 * MIB),
      sparseBitmap: fc.boolean(),
      reversed: fc.boolean(),
      maxSliceSourceBytes: fc.integer({ min: 1, max: 8 * MIB }),
      unitsPerActivity: fc.integer({ min: 1, max: 4 }),
    });
    return fc.assert(
      fc.asyncProperty(
        arrangements,
        async ({ sizeSectors, runs, maxSliceSourceBytes, unitsPerActivity, ...shape }) => {
          const file = dynamicVhd({ disk: diskWith(sizeSectors * 512, runs), stale: 0x5a, ...shape });
          const { pageBlob } = mend(file, await containerOf(file), { maxSliceSourceBytes, unitsPerActivity });
          const expected = logicalDisk(file);
          return (
            expected.equals(pageBlob.subarray(0, expected.length)) &&
            isAllZero(pageBlob.subarray(expected.length, -512))
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("the end of a copied file", () => {
  it.each<[string, Buffer, object]>([
    [
      "misaligned: the old footer is now inside the disk",
      fixedVhd({ disk }),
      {
        resizeToBytes: 28 * MIB + 512,
        clear: { offset: 27 * MIB + 512, length: 512 },
        footerOffset: 28 * MIB,
      },
    ],
    [
      "aligned, the footer alone is wrong: it is overwritten",
      fixedVhd({ disk: disk.subarray(0, 24 * MIB), footer: { checksumError: 1 } }),
      { resizeToBytes: 24 * MIB + 512, footerOffset: 24 * MIB },
    ],
    [
      "padded: the padding is cut off",
      fixedVhd({ disk: disk.subarray(0, 24 * MIB), padding: 4096 }),
      { resizeToBytes: 24 * MIB + 512, footerOffset: 24 * MIB },
    ],
    [
      "padded and misaligned: footer and padding are cleared",
      fixedVhd({ disk, padding: 4096 }),
      {
        resizeToBytes: 28 * MIB + 512,
        clear: { offset: 27 * MIB + 512, length: 4608 },
        footerOffset: 28 * MIB,
      },
    ],
    [
      "small: it grows to what Azure takes",
      fixedVhd({ disk: disk.subarray(0, MIB) }),
      { resizeToBytes: 20 * MIB + 512, clear: { offset: MIB, length: 512 }, footerOffset: 20 * MIB },
    ],
  ])("is put right where it is %s", async (_why, file, patch) => {
    const container = await containerOf(file);
    if (container.kind === "dynamic") throw new Error("A fixed disk was built.");
    const planned = planEndPatch(container);
    expect(planned).toEqual(patch);

    const copy = Buffer.alloc(planned.resizeToBytes);
    file.copy(copy);
    if (planned.clear) copy.fill(0, planned.clear.offset, planned.clear.offset + planned.clear.length);
    footerBytes({ size: planned.footerOffset }).copy(copy, planned.footerOffset);
    expectFixedDiskOf(file, copy);
  });
});
