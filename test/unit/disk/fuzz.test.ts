/**
 * Damaged and hostile disks by the thousand. The seed is fixed, so the suite is the same every time;
 * DISK_FUZZ_FACTOR=100 runs a hundred times as many, from another seed each time.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openExt } from "../../../src/domain/disk/ext.js";
import { openFat } from "../../../src/domain/disk/fat.js";
import { type FileTree, find, namesIn } from "../../../src/domain/disk/file-tree.js";
import { parseRuns } from "../../../src/domain/disk/ntfs-record.js";
import { inspectDisk, INSPECTION_LIMITS } from "../../../src/domain/disk/inspect-disk.js";
import { openNtfs } from "../../../src/domain/disk/ntfs.js";
import { parseOsRelease } from "../../../src/domain/disk/os-release.js";
import { limitedReader } from "../../../src/domain/disk/slices.js";
import { printable } from "../../../src/domain/disk/text.js";
import { assertInRange, type RangeReader } from "../../../src/domain/range-reader.js";
import { ReadBudgetExceeded } from "../../../src/domain/reading-budget.js";
import { GUIDS, MIB, SparseDisk, structure, writeGpt } from "../../support/disk-builder.js";
import { extVolume } from "../../support/disk-ext.js";
import { fatVolume } from "../../support/disk-fat.js";
import { ntfsVolume } from "../../support/disk-ntfs.js";
import {
  DEBIAN_ESP,
  GENERALIZED_ROOT,
  linuxGen1Disk,
  linuxGen2Disk,
  LIVED_IN,
  opaqueRootDisk,
  WINDOWS_ROOT,
  windowsGen1Disk,
  windowsGen2Disk,
} from "../../support/disk-systems.js";

const FACTOR = Number(process.env["DISK_FUZZ_FACTOR"] ?? 1);
const runs = (count: number) => ({ numRuns: count * FACTOR, ...(FACTOR === 1 && { seed: 20_260_101 }) });
const TIMEOUT_MS = 60_000 * FACTOR;

/** Values that size fields, counts and offsets break on. */
const NASTY = [0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

interface Damage {
  readonly page: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}
/** Small offsets more often: headers are at the beginning of what they head. */
const offset = fc.oneof(
  fc.integer({ min: 0, max: 127 }),
  fc.integer({ min: 0, max: 1151 }),
  fc.integer({ min: 0, max: 4087 }),
);
const replacement = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => Uint8Array.of(byte)),
  fc
    .tuple(fc.constantFrom(1, 2, 4, 8), fc.constantFrom(...NASTY))
    .map(([width, value]) => structure(width, [[0, width, value]])),
  fc
    .tuple(fc.constantFrom(2, 4), fc.nat(40_000))
    .map(([width, value]) => structure(width, [[0, width, value]])),
);
const damages = fc.array(fc.record<Damage>({ page: fc.nat(2 ** 20), at: offset, bytes: replacement }), {
  minLength: 1,
  maxLength: 6,
});

function damaged(disk: SparseDisk, damage: readonly Damage[]): SparseDisk {
  const pages = disk.writtenOffsets;
  return disk.mutated(damage.map(({ page, at, bytes }) => [pages[page % pages.length]! + at, bytes]));
}

/** Throws what a real reader throws outside, and counts. */
function countingReader(disk: SparseDisk) {
  const count = { reads: 0, bytes: 0 };
  const reader: RangeReader = {
    sizeBytes: disk.sizeBytes,
    // What is out of range is a rejection, not a throw, as the interface has it.
    read: (at, length) =>
      Promise.resolve().then(() => {
        assertInRange(disk, at, length);
        count.reads += 1;
        count.bytes += length;
        return disk.bytes(at, length);
      }),
  };
  return { reader, count };
}

/** Reads everything that can be found near the root, within limits. */
async function explore(tree: FileTree): Promise<void> {
  const folders = [""];
  for (const folder of folders) {
    for (const name of (await namesIn(tree, folder)).slice(0, 12)) {
      const path = `${folder}/${name}`;
      const node = await find(tree, path);
      if (node?.kind === "directory" && folders.length < 24) folders.push(path);
      if (node) expect((await node.read(0, 20_000)).length).toBeLessThanOrEqual(20_000);
      await node?.read(node.sizeBytes - 7, 4096);
    }
  }
}

const PATTERN = Uint8Array.from({ length: 40_000 }, (_, index) => index);
const EXT_FILES = { ...GENERALIZED_ROOT, ...LIVED_IN, big: PATTERN };
const VOLUMES: readonly (readonly [
  string,
  SparseDisk,
  (reader: RangeReader) => Promise<FileTree | undefined>,
])[] = [
  ...([12, 16, 32] as const).map(
    (width) => [`FAT${width}`, fatVolume(width, DEBIAN_ESP).disk, openFat] as const,
  ),
  ...(["pointers", "extents", "deep extents", "inline"] as const).map(
    (layout) =>
      [
        `ext with ${layout}`,
        extVolume(EXT_FILES, { layout }).disk,
        async (reader: RangeReader) => (await openExt(reader))?.tree,
      ] as const,
  ),
  ...[false, true].map(
    (fragmentedTable) =>
      [
        `NTFS ${fragmentedTable ? "with a fragmented table" : "with a whole table"}`,
        ntfsVolume({ ...WINDOWS_ROOT, big: PATTERN }, { fragmentedTable }).disk,
        async (reader: RangeReader) => (await openNtfs(reader))?.tree,
      ] as const,
  ),
];

describe("a damaged volume", () => {
  const limits = { maxReads: 3000, maxBytes: 6 * MIB };

  test.each(VOLUMES)(
    "of %s is explored within limits, whatever it says",
    async (_name, volume, open) => {
      const intact = countingReader(volume);
      const tree = await open(limitedReader(intact.reader, limits));
      await explore(tree!);
      expect(intact.count.reads).toBeGreaterThan(20);

      await fc.assert(
        fc.asyncProperty(damages, async (damage) => {
          const { reader, count } = countingReader(damaged(volume, damage));
          try {
            const found = await open(limitedReader(reader, limits));
            if (found) await explore(found);
          } catch (error) {
            if (!(error instanceof ReadBudgetExceeded)) throw error;
          }
          expect(count.reads).toBeLessThanOrEqual(limits.maxReads);
          expect(count.bytes).toBeLessThanOrEqual(limits.maxBytes);
        }),
        runs(90),
      );
    },
    TIMEOUT_MS,
  );
});

const CONTROL = /[\p{C}\p{Zl}\p{Zp}]/u;

async function expectSoundFacts(disk: SparseDisk): Promise<void> {
  const { reader, count } = countingReader(disk);
  const facts = await inspectDisk(reader);
  expect(count.reads).toBeLessThanOrEqual(INSPECTION_LIMITS.maxReads);
  expect(count.bytes).toBeLessThanOrEqual(INSPECTION_LIMITS.maxBytes);
  expect(facts.findings.length).toBeLessThanOrEqual(64);
  for (const { message, where } of facts.findings) {
    expect(message.length).toBeLessThan(600);
    expect(message + (where?.value ?? "")).not.toMatch(CONTROL);
  }
  expect(`${facts.distribution ?? ""}${facts.version ?? ""}${facts.filesystems.join("")}`).not.toMatch(
    CONTROL,
  );
  for (const { offsetBytes, sizeBytes, name } of facts.partitions) {
    expect(offsetBytes).toBeGreaterThan(0);
    expect(sizeBytes).toBeGreaterThan(0);
    expect(offsetBytes + sizeBytes).toBeLessThanOrEqual(disk.sizeBytes);
    expect(name ?? "").not.toMatch(CONTROL);
  }
}

describe("a damaged disk", () => {
  test.each([
    ["Linux of generation 1", linuxGen1Disk({ ...GENERALIZED_ROOT, ...LIVED_IN })],
    ["Linux of generation 2", linuxGen2Disk({ root: { ...GENERALIZED_ROOT, ...LIVED_IN }, fat: 12 })],
    ["Linux on LVM", opaqueRootDisk("redhat", 512 + 24, "LVM2 001")],
    ["Windows of generation 1", windowsGen1Disk()],
    ["Windows of generation 2", windowsGen2Disk()],
  ])(
    "with %s gives sound facts within the limits",
    async (_name, disk) => {
      await fc.assert(
        fc.asyncProperty(damages, async (damage) => expectSoundFacts(damaged(disk, damage))),
        runs(120),
      );
    },
    TIMEOUT_MS,
  );

  const lba = fc.oneof(fc.nat(9000), fc.constantFrom(0, 1, 34, 2048, 2 ** 32, Number.MAX_SAFE_INTEGER));
  const entry = fc.record({
    type: fc.constantFrom(...Object.values(GUIDS)),
    firstLba: lba,
    lastLba: lba,
    name: fc.string({ unit: "binary", maxLength: 36 }).map((name) => name.slice(0, 36)),
    attributes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  test(
    "with any GPT of valid checksums gives sound facts",
    async () => {
      const table = fc.record({
        entries: fc.array(entry, { maxLength: 64 }),
        entryBytes: fc.constantFrom(128, 256, 512),
        entryCount: fc.constantFrom(64, 128, 256),
      });
      await fc.assert(
        fc.asyncProperty(table, async ({ entries, ...sizes }) => {
          const disk = new SparseDisk(4 * MIB);
          await expectSoundFacts(
            writeGpt(disk.place(2048 * 512, fatVolume(12, DEBIAN_ESP).disk), entries, sizes),
          );
        }),
        runs(150),
      );
    },
    TIMEOUT_MS,
  );

  test(
    "of noise gives sound facts",
    async () => {
      const noise = fc.uint8Array({ minLength: 512, maxLength: 9000 });
      await fc.assert(
        fc.asyncProperty(noise, async (bytes) => {
          const sector = structure(bytes.length, [
            [0, bytes],
            [510, 2, 0xaa55],
          ]);
          for (const at of [446, 462, 478, 494]) sector[at]! &= 0x80;
          await expectSoundFacts(new SparseDisk(2 * MIB).write(0, sector));
        }),
        runs(300),
      );
    },
    TIMEOUT_MS,
  );
});

describe("parsers of a few bytes", () => {
  test("run lists never give a negative cluster, nor more runs than bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const list = parseRuns(bytes);
        expect(list.length).toBeLessThanOrEqual(bytes.length);
        for (const { lcn, clusterCount } of list) {
          expect(clusterCount).toBeGreaterThan(0);
          if (lcn !== "hole") expect(lcn).toBeGreaterThanOrEqual(0);
        }
      }),
      runs(3000),
    );
  });

  test("printable text has nothing in it that could move a cursor, and an end", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.string({ maxLength: 300 }),
        (wild, tame) => {
          expect(printable(wild)).not.toMatch(CONTROL);
          expect(printable(wild).length).toBeLessThanOrEqual(65 * "\\u{10ffff}".length);
          if (tame.length <= 64 && !tame.includes("\\")) expect(printable(tame)).toBe(tame);
        },
      ),
      runs(3000),
    );
  });

  test("os-release of any text gives printable values", () => {
    const line = fc.tuple(
      fc.constantFrom("ID", "VERSION_ID", "NAME"),
      fc.string({ unit: "binary", maxLength: 90 }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { distribution, version } = parseOsRelease(lines.map((parts) => parts.join("=")).join("\n"));
        expect(`${distribution ?? ""}${version ?? ""}`).not.toMatch(CONTROL);
      }),
      runs(1000),
    );
  });
});
