import { describe, expect, test } from "vitest";
import { readPartitionTable } from "../../../src/domain/disk/partition-table.js";
import {
  bootRecord,
  gptHeader,
  GUIDS,
  MIB,
  PROTECTIVE,
  SECTOR,
  slowCrc32,
  SparseDisk,
  structure,
  writeGpt,
} from "../../support/disk-builder.js";

const LAST_LBA = (64 * MIB) / SECTOR - 1;
const blank = () => new SparseDisk(64 * MIB);
const root = { type: GUIDS.linux, firstLba: 2048, lastLba: 4095, name: "root" };
const read = (disk: SparseDisk) => readPartitionTable(disk.reader());
const codes = async (disk: SparseDisk) => (await read(disk)).findings.map(({ code }) => code);

describe("an MBR", () => {
  test("gives its primary partitions with their numbers and flags", async () => {
    const disk = blank().write(
      0,
      bootRecord(
        [
          { type: 0x07, firstSector: 2048, sectorCount: 2048, active: true },
          { type: 0, firstSector: 0, sectorCount: 0 },
          { type: 0x83, firstSector: 4096, sectorCount: 2048 },
        ],
        "\x33\xc0",
      ),
    );
    const table = await read(disk);
    expect(table).toMatchObject({ scheme: "mbr", hasBootCode: true, hasGrub: false, findings: [] });
    expect(table.partitions).toEqual([
      { number: 1, offsetBytes: MIB, sizeBytes: MIB, type: "0x07", active: true },
      { number: 3, offsetBytes: 2 * MIB, sizeBytes: MIB, type: "0x83", active: false },
    ]);
  });

  const extended = { type: 0x05, firstSector: 4096, sectorCount: 8192 };
  const inEbr = (...entries: { type: number; firstSector: number; sectorCount: number }[]) =>
    bootRecord(entries);
  const logical = { type: 0x83, firstSector: 64, sectorCount: 512 };
  const ebrs = (chain: Readonly<Record<number, Uint8Array>>) => {
    const disk = blank().write(0, bootRecord([extended]));
    for (const [sector, bytes] of Object.entries(chain)) disk.write(Number(sector) * SECTOR, bytes);
    return disk;
  };

  test("gives logical partitions from number 5, each relative to its own boot record", async () => {
    const disk = ebrs({
      4096: inEbr(logical, { type: 0x05, firstSector: 1024, sectorCount: 1024 }),
      5120: inEbr(logical),
    });
    const table = await read(disk);
    expect(table.findings).toEqual([]);
    expect(table.partitions.map(({ number, offsetBytes }) => [number, offsetBytes / SECTOR])).toEqual([
      [5, 4096 + 64],
      [6, 5120 + 64],
    ]);
  });

  test.each([
    [
      "leads back to its own start",
      { 4096: inEbr(logical, { type: 5, firstSector: 0, sectorCount: 9 }) },
      "EBR_CHAIN_CYCLE",
      1,
    ],
    [
      "leads back after two links",
      {
        4096: inEbr(logical, { type: 5, firstSector: 1024, sectorCount: 9 }),
        5120: inEbr(logical, { type: 5, firstSector: 0, sectorCount: 9 }),
      },
      "EBR_CHAIN_CYCLE",
      2,
    ],
    [
      "leads out of the extended partition",
      { 4096: inEbr(logical, { type: 5, firstSector: 8192, sectorCount: 9 }) },
      "EBR_CHAIN_BROKEN",
      1,
    ],
    [
      "leads to a sector without a record",
      { 4096: inEbr(logical, { type: 5, firstSector: 1024, sectorCount: 9 }) },
      "EBR_CHAIN_BROKEN",
      1,
    ],
    [
      "has a partition that is larger than the container",
      { 4096: inEbr({ ...logical, sectorCount: 9000 }) },
      "EBR_CHAIN_BROKEN",
      0,
    ],
    [
      "links on with a type that is no link",
      { 4096: inEbr(logical, { type: 0x83, firstSector: 1024, sectorCount: 9 }) },
      "EBR_CHAIN_BROKEN",
      1,
    ],
  ])("stops a chain that %s", async (_why, chain, code, kept) => {
    const table = await read(ebrs(chain));
    expect(table.findings.map((finding) => finding.code)).toEqual([code]);
    expect(table.partitions).toHaveLength(kept);
  });

  test("stops a chain of more than 128 links", async () => {
    const chain: Record<number, Uint8Array> = {};
    for (let index = 0; index < 200; index++) {
      chain[4096 + index] = inEbr(
        { type: 0, firstSector: 0, sectorCount: 0 },
        { type: 5, firstSector: index + 1, sectorCount: 1 },
      );
    }
    expect(await codes(ebrs(chain))).toEqual(["EBR_CHAIN_BROKEN"]);
  });

  test.each([
    ["a sector of zeros", structure(SECTOR, [])],
    ["a signature without entries", bootRecord([])],
    [
      "entries whose status is no status",
      bootRecord([{ type: 7, firstSector: 1, sectorCount: 1 }]).fill(0x41, 446, 447),
    ],
  ])("is not seen in %s", async (_what, sector) => {
    expect(await read(blank().write(0, sector))).toMatchObject({
      scheme: "none",
      partitions: [],
      findings: [],
    });
  });
});

describe("a GPT", () => {
  test("gives its partitions by entry number with printable names", async () => {
    const table = await read(writeGpt(blank(), [{ ...root, name: "ro\u202eot\n" }], { bootCode: "GRUB" }));
    expect(table).toMatchObject({ scheme: "gpt", findings: [], hasBootCode: true, hasGrub: true });
    expect(table.partitions).toEqual([
      {
        number: 1,
        offsetBytes: MIB,
        sizeBytes: MIB,
        type: GUIDS.linux,
        active: false,
        name: "ro\\u{202e}ot\\u{a}",
      },
    ]);
  });

  const header = {
    myLba: 1,
    alternateLba: LAST_LBA,
    entriesLba: 2,
    entryCount: 128,
    entryBytes: 128,
    entriesCrc: 0,
  };
  const onlyPrimary = (change: Partial<typeof header> & { headerBytes?: number }) =>
    blank()
      .write(0, bootRecord([PROTECTIVE]))
      .write(SECTOR, gptHeader({ ...header, ...change }));
  const good = () => writeGpt(blank(), [root]);
  const corrupt = (disk: SparseDisk, offset: number) => disk.write(offset, Uint8Array.of(0x5a));

  test.each([
    ["the primary header's checksum is wrong", corrupt(good(), SECTOR + 60), "GPT_PRIMARY_DAMAGED", 1],
    ["the primary header is gone", good().write(SECTOR, new Uint8Array(SECTOR)), "GPT_PRIMARY_DAMAGED", 1],
    ["the primary entries were changed", corrupt(good(), 2 * SECTOR + 40), "GPT_PRIMARY_DAMAGED", 1],
    ["the backup header is damaged", corrupt(good(), LAST_LBA * SECTOR + 60), "GPT_BACKUP_DAMAGED", 1],
    [
      "the disk was enlarged after partitioning",
      writeGpt(blank(), [root], { backupLba: 100000 }),
      "GPT_BACKUP_MISPLACED",
      1,
    ],
    ["the protective MBR is all that is left", blank().write(0, bootRecord([PROTECTIVE])), "GPT_DAMAGED", 0],
    ["it claims 2^32-1 entries", onlyPrimary({ entryCount: 0xffffffff }), "GPT_DAMAGED", 0],
    ["it claims no entries", onlyPrimary({ entryCount: 0 }), "GPT_DAMAGED", 0],
    ["entries have no bytes", onlyPrimary({ entryBytes: 0 }), "GPT_DAMAGED", 0],
    ["entries have one byte", onlyPrimary({ entryBytes: 1 }), "GPT_DAMAGED", 0],
    ["entries have 2^31 bytes", onlyPrimary({ entryBytes: 2 ** 31 }), "GPT_DAMAGED", 0],
    ["the header claims 4 GiB for itself", onlyPrimary({ headerBytes: 0xffffffff }), "GPT_DAMAGED", 0],
    ["the entries lie beyond the disk", onlyPrimary({ entriesLba: 2 ** 40 }), "GPT_DAMAGED", 0],
    ["it stands elsewhere than it says", onlyPrimary({ myLba: 7 }), "GPT_DAMAGED", 0],
  ])("is judged when %s", async (_why, disk, code, partitions) => {
    const table = await read(disk);
    expect(table.findings.map((finding) => finding.code)).toEqual([code]);
    expect(table.partitions).toHaveLength(partitions);
    expect(table.scheme).toBe("gpt");
  });

  test("does not take itself for its own backup", async () => {
    const entriesCrc = slowCrc32(new Uint8Array(128 * 128));
    expect(await codes(onlyPrimary({ alternateLba: 1, entriesCrc }))).toEqual(["GPT_BACKUP_DAMAGED"]);
  });

  test("finds the backup where a damaged primary still says it is", async () => {
    const disk = corrupt(writeGpt(blank(), [root], { backupLba: 100000 }), 2 * SECTOR + 40);
    expect(await codes(disk)).toEqual(["GPT_PRIMARY_DAMAGED"]);
  });

  test("of 4096-byte sectors is named for what it is", async () => {
    const table = await read(
      blank()
        .write(0, bootRecord([PROTECTIVE]))
        .write(4096, gptHeader(header)),
    );
    expect(table.findings).toMatchObject([
      { code: "GPT_4K_SECTORS", severity: "blocking", where: { offsetBytes: 4096 } },
    ]);
  });

  test("with partitions in the MBR too is a hybrid", async () => {
    const mbr = [{ type: 0x83, firstSector: 2048, sectorCount: 2048, active: true }];
    const table = await read(writeGpt(blank(), [root], { mbr }));
    expect(table.scheme).toBe("hybrid");
    expect(table.findings.map(({ code }) => code)).toEqual(["HYBRID_MBR"]);
  });

  test.each([
    ["ends before it begins", { firstLba: 4096, lastLba: 2048 }, "PARTITION_OUTSIDE_DISK", 0],
    ["begins beyond the disk", { firstLba: 2 ** 40, lastLba: 2 ** 41 }, "PARTITION_OUTSIDE_DISK", 0],
    ["begins at the table itself", { firstLba: 0, lastLba: 4095 }, "PARTITION_OUTSIDE_DISK", 0],
    [
      "ends beyond the disk and is cut to it",
      { firstLba: 2048, lastLba: 2 ** 33 },
      "PARTITION_OUTSIDE_DISK",
      1,
    ],
  ])("has a partition that %s", async (_why, place, code, kept) => {
    const table = await read(writeGpt(blank(), [{ ...root, ...place }]));
    expect(table.findings.map((finding) => finding.code)).toEqual([code]);
    expect(table.partitions).toHaveLength(kept);
    for (const { offsetBytes, sizeBytes } of table.partitions)
      expect(offsetBytes + sizeBytes).toBeLessThanOrEqual(64 * MIB);
  });

  test("names overlaps, and only a few of them", async () => {
    const two = [root, { ...root, firstLba: 3000, lastLba: 5000 }];
    expect(await codes(writeGpt(blank(), two))).toEqual(["PARTITIONS_OVERLAP"]);
    expect(
      await codes(
        writeGpt(
          blank(),
          Array.from({ length: 128 }, () => root),
        ),
      ),
    ).toHaveLength(4);
  });
});
