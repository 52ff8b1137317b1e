/**
 * NTFS file records (Linux-NTFS project, "NTFS Documentation": FILE Record, Fixup, Attributes, Data Runs): sectors
 * made whole by their update sequence, attributes, and the run lists that say where their bytes are.
 */
import { hasMagic, int, readFields, uint } from "./fields.js";
import { utf16 } from "./text.js";

const FIXUP = { arrayOffset: [4, 2], arrayCount: [6, 2] } as const;
const FIXUP_SECTOR_BYTES = 512;

const RECORD = { firstAttribute: [20, 2], flags: [22, 2], usedBytes: [24, 4] } as const;
const IN_USE = 0x1;
const IS_DIRECTORY = 0x2;

const ATTRIBUTE = {
  type: [0, 4],
  bytes: [4, 4],
  nonResident: [8, 1],
  nameLength: [9, 1],
  nameOffset: [10, 2],
  flags: [12, 2],
} as const;
const RESIDENT = { valueBytes: [16, 4], valueOffset: [20, 2] } as const;
const NON_RESIDENT = { firstVcn: [16, 8], runsOffset: [32, 2], sizeBytes: [48, 8] } as const;
const END_OF_ATTRIBUTES = 0xffffffff;
const MIN_ATTRIBUTE_BYTES = 24;
const COMPRESSED_OR_ENCRYPTED = 0x4001;

/** A file in more pieces than this is read only as far as them. */
const MAX_RUNS = 4096;

export interface Run {
  readonly clusterCount: number;
  readonly lcn: number | "hole";
}

export interface Attribute {
  readonly type: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly readable: boolean;
  /** Resident attributes: the bytes themselves. */
  readonly value?: Uint8Array;
  readonly firstVcn: number;
  readonly runs: readonly Run[];
}

export interface FileRecord {
  readonly isDirectory: boolean;
  readonly attributes: readonly Attribute[];
}

/**
 * The bytes of a record with the last two of each sector put back; undefined where one was torn or the magic is
 * another.
 */
export function withFixups(raw: Uint8Array, magic: string): Uint8Array | undefined {
  if (!hasMagic(raw, 0, magic)) return undefined;
  const { arrayOffset, arrayCount } = readFields(FIXUP, raw);
  const sectors = Math.floor(raw.length / FIXUP_SECTOR_BYTES);
  if (arrayCount !== sectors + 1 || arrayOffset + 2 * arrayCount > FIXUP_SECTOR_BYTES - 2) return undefined;
  const bytes = raw.slice();
  const check = uint(raw, arrayOffset, 2);
  for (let sector = 1; sector <= sectors; sector++) {
    const end = sector * FIXUP_SECTOR_BYTES - 2;
    if (uint(raw, end, 2) !== check) return undefined;
    bytes.set(raw.subarray(arrayOffset + 2 * sector, arrayOffset + 2 * sector + 2), end);
  }
  return bytes;
}

/** Undefined where the record is not in use or not one. */
export function parseRecord(raw: Uint8Array): FileRecord | undefined {
  const bytes = withFixups(raw, "FILE");
  if (!bytes) return undefined;
  const { firstAttribute, flags, usedBytes } = readFields(RECORD, bytes);
  if ((flags & IN_USE) === 0) return undefined;
  const end = Math.min(usedBytes, bytes.length);
  const attributes: Attribute[] = [];
  for (let at = firstAttribute; at + MIN_ATTRIBUTE_BYTES <= end;) {
    const header = readFields(ATTRIBUTE, bytes, at);
    if (header.type === END_OF_ATTRIBUTES) break;
    if (header.bytes < MIN_ATTRIBUTE_BYTES || at + header.bytes > end) break;
    attributes.push(parseAttribute(bytes.subarray(at, at + header.bytes), header));
    at += header.bytes;
  }
  return { isDirectory: (flags & IS_DIRECTORY) !== 0, attributes };
}

function parseAttribute(
  bytes: Uint8Array,
  header: Readonly<Record<keyof typeof ATTRIBUTE, number>>,
): Attribute {
  const common = {
    type: header.type,
    name: utf16(bytes.subarray(header.nameOffset, header.nameOffset + 2 * header.nameLength)),
    readable: (header.flags & COMPRESSED_OR_ENCRYPTED) === 0,
  };
  if (header.nonResident === 0) {
    const { valueOffset, valueBytes } = readFields(RESIDENT, bytes);
    const value = bytes.subarray(valueOffset, valueOffset + valueBytes);
    return { ...common, value, sizeBytes: value.length, firstVcn: 0, runs: [] };
  }
  const { firstVcn, runsOffset, sizeBytes } = readFields(NON_RESIDENT, bytes);
  return { ...common, firstVcn, sizeBytes, runs: parseRuns(bytes.subarray(runsOffset)) };
}

/** Ends before the first run that is broken or leads below cluster 0. */
export function parseRuns(bytes: Uint8Array): Run[] {
  const runs: Run[] = [];
  let lcn = 0;
  for (let at = 0; at < bytes.length && runs.length < MAX_RUNS;) {
    const head = bytes[at] ?? 0;
    const [countWidth, lcnWidth] = [head & 0xf, head >>> 4];
    if (countWidth === 0 || countWidth > 8 || lcnWidth > 8) break;
    if (at + 1 + countWidth + lcnWidth > bytes.length) break;
    const clusterCount = uint(bytes, at + 1, countWidth);
    lcn += lcnWidth === 0 ? 0 : int(bytes, at + 1 + countWidth, lcnWidth);
    if (clusterCount === 0 || lcn < 0) break;
    runs.push({ clusterCount, lcn: lcnWidth === 0 ? "hole" : lcn });
    at += 1 + countWidth + lcnWidth;
  }
  return runs;
}
