import { describe, expect, it } from "vitest";
import type { RangeReader } from "../../../src/domain/range-reader.js";
import { examine } from "../../../src/domain/vhd/examine.js";
import { planMending } from "../../../src/domain/vhd/mending-plan.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { sliceCount, sliceUnits } from "../../../src/domain/vhd/slice-units.js";
import type { SparseDisk } from "../../support/disk-builder.js";
import {
  LIVED_IN,
  GENERALIZED_ROOT,
  linuxGen2Disk,
  windowsGen1Disk,
  windowsGen2Disk,
} from "../../support/disk-systems.js";
import { fullDynamicReader, syntheticReader, type CountingReader } from "../../support/synthetic-reader.js";
import { footerBytes, headerBytes, MIB } from "../../support/vhd-builder.js";

const GIB = 1024 * MIB;
const TIB = 1024 * GIB;
const LARGEST_DYNAMIC = 2040 * GIB;

/** The promise of the product, by the count of the reader underneath and not by the doctor's own. */
function expectCheap(reads: CountingReader["reads"], tableBytes: number): void {
  const isTable = ({ offset, length }: { offset: number; length: number }) =>
    offset >= 1536 && offset + length <= 1536 + tableBytes && length >= Math.min(tableBytes, 65536);
  const outside = reads.filter((read) => !isTable(read));
  const bytes = outside.reduce((sum, { length }) => sum + length, 0);
  expect(outside.length).toBeLessThan(60);
  expect(bytes).toBeLessThan(2 * MIB);
}

/** A fixed disk of any size that begins as `disk` does. */
function fixedReader(virtualBytes: number, disk: SparseDisk): CountingReader {
  const begin = { offset: 0, bytes: disk.bytes(0, disk.sizeBytes) };
  return syntheticReader(virtualBytes + 512, [
    begin,
    { offset: virtualBytes, bytes: footerBytes({ size: virtualBytes }) },
  ]);
}

const livedIn = linuxGen2Disk({ root: { ...GENERALIZED_ROOT, ...LIVED_IN } });

describe("a verdict", () => {
  it.each<[string, number, number, SparseDisk, object]>([
    [
      "Linux in the fullest table of 2 MiB blocks",
      LARGEST_DYNAMIC,
      2 * MIB,
      linuxGen2Disk(),
      { verdict: "mendable", generation: "V2", osFamily: "Linux", generalized: "yes" },
    ],
    [
      "a Linux that was lived in",
      LARGEST_DYNAMIC,
      2 * MIB,
      livedIn,
      { verdict: "mendable", osFamily: "Linux", generalized: "no" },
    ],
    [
      "Windows of generation 2",
      LARGEST_DYNAMIC,
      2 * MIB,
      windowsGen2Disk(),
      { verdict: "mendable", generation: "V2", osFamily: "Windows", generalized: "yes" },
    ],
    [
      "Windows of generation 1",
      LARGEST_DYNAMIC,
      2 * MIB,
      windowsGen1Disk(),
      { verdict: "mendable", generation: "V1", osFamily: "Windows" },
    ],
    [
      "the fullest table of 512 KiB blocks",
      LARGEST_DYNAMIC,
      512 * 1024,
      linuxGen2Disk(),
      { verdict: "mendable", generation: "V2" },
    ],
    [
      "the smallest blocks that fit 16 MiB of table",
      16 * GIB,
      4096,
      linuxGen2Disk(),
      { verdict: "mendable", generation: "V2", osFamily: "Linux" },
    ],
    [
      "blocks of 64 MiB",
      LARGEST_DYNAMIC,
      64 * MIB,
      linuxGen2Disk(),
      { verdict: "mendable", generation: "V2" },
    ],
  ])(
    "costs under 2 MiB and 60 requests outside the block table for %s",
    async (_why, size, blockSize, disk, expected) => {
      const reader = fullDynamicReader(size, blockSize, disk);
      const diagnosis = await examine(reader, { purpose: "any" });
      expect(diagnosis).toMatchObject(expected);
      expect(diagnosis.codes).not.toContain("INSPECTION_CUT_SHORT");
      expectCheap(reader.reads, reader.tableBytes);
      expect(reader.reads).toHaveLength(diagnosis.requests + diagnosis.blockTable.requests);
      expect(diagnosis.blockTable).toEqual({
        bytesRead: reader.tableBytes,
        requests: Math.ceil(reader.tableBytes / (4 * MIB)),
      });
    },
  );

  it.each<[string, number, SparseDisk, object]>([
    ["4 TiB, the largest OS disk", 4 * TIB, linuxGen2Disk(), { verdict: "ready", generation: "V2" }],
    ["above 4 TiB", 4 * TIB + MIB, linuxGen2Disk(), { verdict: "refused" }],
    ["2 TiB and generation 1", 2 * TIB, windowsGen1Disk(), { verdict: "ready", generation: "V1" }],
    ["above 2 TiB and generation 1", 2 * TIB + MIB, windowsGen1Disk(), { verdict: "refused" }],
    ["64 TiB", 64 * TIB, linuxGen2Disk(), { verdict: "refused" }],
  ])("bounds its cost and judges the size for a fixed disk of %s", async (_why, size, disk, expected) => {
    const reader = fixedReader(size, disk);
    const diagnosis = await examine(reader, { purpose: "os" });
    expect(diagnosis).toMatchObject(expected);
    expect(diagnosis.codes.includes("DISK_TOO_LARGE")).toBe(diagnosis.verdict === "refused");
    expectCheap(reader.reads, 0);
  });

  it("is refused for a table beyond 16 MiB before any of it is read", async () => {
    const entries = (16 * MIB) / 4 + 1;
    const size = entries * 4096;
    const footer = footerBytes({ size, type: 3, dataOffset: 512n });
    const reader = syntheticReader(TIB, [
      { offset: 0, bytes: footer },
      { offset: 512, bytes: headerBytes({ entries, blockSize: 4096 }) },
      { offset: TIB - 512, bytes: footer },
    ]);
    expect(await examine(reader, { purpose: "any" })).toMatchObject({
      verdict: "refused",
      codes: ["BAT_TOO_LARGE"],
      blockTable: { requests: 0 },
    });
  });
});

describe("a plan for the largest disks", () => {
  const planOf = async (reader: RangeReader) => {
    const opened = await openVhd(reader);
    if (opened.status === "refused") throw new Error(opened.findings[0].what);
    return planMending(opened.container);
  };

  it("cuts 2040 GiB of full blocks into slices of at most 1 GiB, and every unit takes one request", async () => {
    const plan = await planOf(fullDynamicReader(LARGEST_DYNAMIC, 2 * MIB, linuxGen2Disk()));
    expect(sliceCount(plan)).toBeGreaterThanOrEqual(2040);
    expect(sliceCount(plan)).toBeLessThan(2060);
    const units = [...sliceUnits(plan, 1000)];
    expect(units.every(({ reads, length }) => reads.length === 1 && reads[0]!.length === length + 512)).toBe(
      true,
    );
    expect(units.reduce((sum, { reads }) => sum + reads[0]!.length, 0)).toBeLessThanOrEqual(GIB);
  });

  it("names no more than a number for each slice of 32 TiB", async () => {
    const plan = await planOf(fixedReader(32 * TIB, linuxGen2Disk()));
    expect(plan.sliceStarts).toHaveLength(32 * 1024);
  });
});
