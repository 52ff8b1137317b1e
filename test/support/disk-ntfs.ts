/**
 * NTFS volumes with true boot sector, file table, fixups and B+ tree directories (Linux-NTFS "NTFS Documentation"),
 * made without the code under test. File contents are resident or in one run.
 */
import { SparseDisk, structure } from "./disk-builder.js";
import {
  attribute,
  CLUSTER_BYTES,
  INDEX_BYTES,
  indexBlock,
  indexEnd,
  indexEntry,
  indexRoot,
  padded,
  resident,
  sealed,
  withChild,
} from "./disk-ntfs-structures.js";

export interface NtfsOptions {
  readonly dirty?: boolean;
  /** The file table's second half is described by an extension record, as on old, fragmented volumes. */
  readonly fragmentedTable?: boolean;
}

export interface NtfsVolume {
  readonly disk: SparseDisk;
  readonly recordOffset: (record: number) => number;
  /** Record numbers by path; the root's is "". */
  readonly records: ReadonlyMap<string, number>;
}

const RECORD = 1024;
const CLUSTERS = 8192;
const MFT_LCN = 16;
/** In two pieces of this many records; the second far away. */
const TABLE_PIECE = 128;
const SECOND_PIECE_LCN = 4096;
const FIRST_FILE_RECORD = 24;
const EXTENSION_RECORD = 15;
const FIRST_DATA_LCN = 1024;
const RESIDENT_LIMIT = 400;

export function ntfsVolume(
  files: Readonly<Record<string, Uint8Array>>,
  options: NtfsOptions = {},
): NtfsVolume {
  const disk = new SparseDisk(CLUSTERS * CLUSTER_BYTES);
  const records = new Map<string, number>([["", 5]]);
  let freeRecord = FIRST_FILE_RECORD;
  let freeLcn = FIRST_DATA_LCN;
  const recordOffset = (record: number) =>
    record < TABLE_PIECE
      ? (MFT_LCN + record) * CLUSTER_BYTES
      : (SECOND_PIECE_LCN + record - TABLE_PIECE) * CLUSTER_BYTES;
  const writeRecord = (record: number, flags: number, attributes: readonly Uint8Array[]) => {
    const body = Buffer.concat([...attributes, structure(8, [[0, 4, 0xffffffff]])]);
    const raw = structure(RECORD, [
      [0, "FILE"],
      [4, 2, 48],
      [6, 2, 3],
      [20, 2, 56],
      [22, 2, flags],
      [24, 4, 56 + body.length],
      [28, 4, RECORD],
      [56, body],
    ]);
    disk.write(recordOffset(record), sealed(raw, 48));
  };
  const nonResident = (
    type: number,
    name: string,
    runs: readonly (readonly [count: number, lcn: number])[],
    size: number,
    firstVcn = 0,
  ) => {
    const count = runs.reduce((sum, [clusters]) => sum + clusters, 0);
    let before = 0;
    const list = runs.flatMap(([clusters, lcn]) => {
      const bytes = structure(7, [
        [0, 1, 0x42],
        [1, 2, clusters],
        [3, 4, lcn - before],
      ]);
      before = lcn;
      return [...bytes];
    });
    return attribute(
      type,
      name,
      64,
      [
        [8, 1, 1],
        [16, 8, firstVcn],
        [24, 8, firstVcn + count - 1],
        [32, 2, 64 + padded(2 * name.length)],
        [40, 8, count * CLUSTER_BYTES],
        [48, 8, size],
        [56, 8, size],
      ],
      Uint8Array.from([...list, 0]),
    );
  };
  const store = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length <= RESIDENT_LIMIT) return resident(0x80, "", bytes);
    const count = Math.ceil(bytes.length / CLUSTER_BYTES);
    const lcn = freeLcn;
    freeLcn += count;
    disk.write(lcn * CLUSTER_BYTES, bytes);
    return nonResident(0x80, "", [[count, lcn]], bytes.length);
  };
  const directory = (entries: readonly Uint8Array[]): Uint8Array[] => {
    const end = (child?: number) => indexEnd(child);
    if (entries.reduce((sum, entry) => sum + entry.length, 0) <= RESIDENT_LIMIT) {
      return [resident(0x90, "$I30", indexRoot([...entries, end()], false))];
    }
    // Leaves of 30 names; the name after each leaf goes up as its separator.
    const leaves: Uint8Array[][] = [];
    const separators: Uint8Array[] = [];
    for (let at = 0; at < entries.length; at += 31) {
      leaves.push(entries.slice(at, at + 30));
      if (entries[at + 30] && at + 31 < entries.length) separators.push(entries[at + 30]!);
      else if (entries[at + 30]) leaves.at(-1)!.push(entries[at + 30]!);
    }
    const lcn = freeLcn;
    freeLcn += leaves.length * (INDEX_BYTES / CLUSTER_BYTES);
    leaves.forEach((leaf, index) =>
      disk.write(
        lcn * CLUSTER_BYTES + index * INDEX_BYTES,
        indexBlock(index * (INDEX_BYTES / CLUSTER_BYTES), [...leaf, end()]),
      ),
    );
    const upper = [
      ...separators.map((entry, index) => withChild(entry, index * (INDEX_BYTES / CLUSTER_BYTES))),
      end((leaves.length - 1) * (INDEX_BYTES / CLUSTER_BYTES)),
    ];
    const blocks = leaves.length * (INDEX_BYTES / CLUSTER_BYTES);
    return [
      resident(0x90, "$I30", indexRoot(upper, true)),
      nonResident(0xa0, "$I30", [[blocks, lcn]], blocks * CLUSTER_BYTES),
    ];
  };
  const writeFolder = (path: string, record: number) => {
    const prefix = path === "" ? "" : `${path}/`;
    const inside = Object.keys(files).filter((name) => name.startsWith(prefix));
    const names = [...new Set(inside.map((name) => name.slice(prefix.length).split("/")[0]!))];
    const entries = names
      .sort((one, other) => (one.toUpperCase() < other.toUpperCase() ? -1 : 1))
      .map((name) => {
        const child = freeRecord++;
        records.set(prefix + name, child);
        const bytes = files[prefix + name];
        if (bytes) writeRecord(child, 1, [store(bytes)]);
        else writeFolder(prefix + name, child);
        return indexEntry(name, child);
      });
    writeRecord(record, 3, directory(entries));
  };
  writeFolder("", 5);
  const tableSize = 2 * TABLE_PIECE * RECORD;
  if (options.fragmentedTable) {
    const list = [0, TABLE_PIECE].map((vcn) =>
      structure(32, [
        [0, 4, 0x80],
        [4, 2, 32],
        [7, 1, 26],
        [8, 8, vcn],
        [16, 4, vcn === 0 ? 0 : EXTENSION_RECORD],
      ]),
    );
    writeRecord(0, 1, [
      resident(0x20, "", Buffer.concat(list)),
      nonResident(0x80, "", [[TABLE_PIECE, MFT_LCN]], tableSize),
    ]);
    writeRecord(EXTENSION_RECORD, 1, [
      nonResident(0x80, "", [[TABLE_PIECE, SECOND_PIECE_LCN]], 0, TABLE_PIECE),
    ]);
  } else {
    writeRecord(0, 1, [
      nonResident(
        0x80,
        "",
        [
          [TABLE_PIECE, MFT_LCN],
          [TABLE_PIECE, SECOND_PIECE_LCN],
        ],
        tableSize,
      ),
    ]);
  }
  writeRecord(3, 1, [
    resident(
      0x70,
      "",
      structure(12, [
        [8, 1, 3],
        [9, 1, 1],
        [10, 2, options.dirty ? 1 : 0],
      ]),
    ),
  ]);
  disk.write(
    0,
    structure(512, [
      [0, "\xeb\x52\x90NTFS    "],
      [11, 2, 512],
      [13, 1, CLUSTER_BYTES / 512],
      [21, 1, 0xf8],
      [40, 8, (CLUSTERS * CLUSTER_BYTES) / 512 - 1],
      [48, 8, MFT_LCN],
      [56, 8, 2],
      [64, 1, -10],
      [68, 1, INDEX_BYTES / CLUSTER_BYTES],
      [510, 2, 0xaa55],
    ]),
  );
  return { disk, recordOffset, records };
}
