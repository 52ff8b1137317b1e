/**
 * NTFS, read-only and by name (Linux-NTFS project, "NTFS Documentation"): boot sector, master file table, attribute
 * lists and file contents. Directories are searched by ntfs-index.ts.
 */
import type { RangeReader } from "../range-reader.js";
import { hasMagic, int, isPowerOfTwo, readFields } from "./fields.js";
import type { FileTree, TreeNode } from "./file-tree.js";
import { type DirectoryIndex, listIndex, searchIndex } from "./ntfs-index.js";
import { type Attribute, type FileRecord, parseRecord } from "./ntfs-record.js";
import { readInside } from "./slices.js";

const BOOT_SECTOR_BYTES = 512;
const BOOT_SECTOR = {
  bytesPerSector: [11, 2],
  sectorsPerCluster: [13, 1],
  mftLcn: [48, 8],
} as const;
/** Signed: clusters, or the negative power of two in bytes. */
const CLUSTERS_PER_RECORD_OFFSET = 64;
const CLUSTERS_PER_INDEX_OFFSET = 68;
const OEM_ID = "NTFS    ";

const MAX_RECORD_BYTES = 4096;
const MAX_CLUSTER_BYTES = 2 * 1024 * 1024;
const MAX_INDEX_BYTES = 64 * 1024;

const MFT_RECORD = 0;
const VOLUME_RECORD = 3;
const ROOT_RECORD = 5;

const ATTRIBUTE_LIST = 0x20;
const VOLUME_INFORMATION = 0x70;
const DATA = 0x80;
const INDEX_ROOT = 0x90;
const INDEX_ALLOCATION = 0xa0;
const VCN_SECTOR_BYTES = 512;
const DIRECTORY_INDEX = "$I30";

const LIST_ENTRY = { type: [0, 4], bytes: [4, 2], recordLow: [16, 4], recordHigh: [20, 2] } as const;
const MIN_LIST_ENTRY_BYTES = 26;
const MAX_LIST_BYTES = 64 * 1024;
/** Extension records of one file to follow: a master file table in a thousand pieces has a dozen. */
const MAX_EXTENSIONS = 32;

const INFORMATION = { flags: [10, 2] } as const;
const DIRTY = 0x1;

export interface NtfsVolume {
  readonly reader: RangeReader;
  readonly clusterBytes: number;
  readonly recordBytes: number;
  readonly indexBytes: number;
  /** The pieces of the file table's own data, as known so far. */
  readonly table: Attribute[];
}

export type NtfsReading =
  { readonly tree: FileTree; readonly dirty: boolean } | { readonly tree?: never; readonly why: string };

/** Undefined where the boot sector is not one of NTFS. */
export async function openNtfs(reader: RangeReader): Promise<NtfsReading | undefined> {
  const sector = await readInside(reader, 0, BOOT_SECTOR_BYTES);
  if (!sector || !hasMagic(sector, 3, OEM_ID)) return undefined;
  const boot = readFields(BOOT_SECTOR, sector);
  // Above 0x80 the field is a negative power of two too (clusters of 128 KiB and more, Windows 10 1709).
  const sectorsPerCluster =
    boot.sectorsPerCluster > 0x80 ? 2 ** (256 - boot.sectorsPerCluster) : boot.sectorsPerCluster;
  const clusterBytes = boot.bytesPerSector * sectorsPerCluster;
  if (!isPowerOfTwo(clusterBytes) || clusterBytes < 512 || clusterBytes > MAX_CLUSTER_BYTES) {
    return { why: `its clusters have ${clusterBytes} bytes` };
  }
  const sizeAt = (offset: number) => {
    const clusters = int(sector, offset, 1);
    return clusters < 0 ? 2 ** -clusters : clusters * clusterBytes;
  };
  const [recordBytes, indexBytes] = [sizeAt(CLUSTERS_PER_RECORD_OFFSET), sizeAt(CLUSTERS_PER_INDEX_OFFSET)];
  if (!isPowerOfTwo(recordBytes) || recordBytes < 512 || recordBytes > MAX_RECORD_BYTES) {
    return { why: `its file records have ${recordBytes} bytes` };
  }
  if (!isPowerOfTwo(indexBytes) || indexBytes < 512 || indexBytes > MAX_INDEX_BYTES) {
    return { why: `its index records have ${indexBytes} bytes` };
  }
  const volume: NtfsVolume = { reader, clusterBytes, recordBytes, indexBytes, table: [] };
  const first = await readInside(reader, boot.mftLcn * clusterBytes, recordBytes);
  const record = first && parseRecord(first);
  if (!record) return { why: "its file table cannot be found" };
  volume.table.push(...record.attributes.filter(isContents));
  const whole = await withExtensions(volume, record, MFT_RECORD);
  volume.table.splice(0, volume.table.length, ...whole.attributes.filter(isContents));
  const root = await recordNode(volume, ROOT_RECORD);
  if (root?.kind !== "directory") return { why: "its root directory cannot be found" };
  return { tree: { filesystem: "ntfs", root }, dirty: await isDirty(volume) };
}

const isContents = ({ type, name }: Attribute): boolean => type === DATA && name === "";

async function isDirty(volume: NtfsVolume): Promise<boolean> {
  const record = await readRecord(volume, VOLUME_RECORD);
  const value = record?.attributes.find(({ type }) => type === VOLUME_INFORMATION)?.value;
  return value !== undefined && (readFields(INFORMATION, value).flags & DIRTY) !== 0;
}

async function readRecord(volume: NtfsVolume, number: number): Promise<FileRecord | undefined> {
  const raw = await readPieces(volume, volume.table, number * volume.recordBytes, volume.recordBytes);
  return raw.length === volume.recordBytes ? parseRecord(raw) : undefined;
}

/** Attributes that did not fit into the base record stand in others, which its attribute list names. */
async function withExtensions(volume: NtfsVolume, base: FileRecord, baseNumber: number): Promise<FileRecord> {
  const list = base.attributes.find(({ type }) => type === ATTRIBUTE_LIST);
  if (!list) return base;
  const bytes = await readPieces(volume, [list], 0, Math.min(list.sizeBytes, MAX_LIST_BYTES));
  const numbers = new Set<number>();
  for (let at = 0; at + MIN_LIST_ENTRY_BYTES <= bytes.length && numbers.size < MAX_EXTENSIONS;) {
    const entry = readFields(LIST_ENTRY, bytes, at);
    if (entry.bytes < MIN_LIST_ENTRY_BYTES) break;
    const number = entry.recordHigh * 2 ** 32 + entry.recordLow;
    if (number !== baseNumber) numbers.add(number);
    at += entry.bytes;
  }
  const attributes = [...base.attributes];
  for (const number of numbers) {
    const extension = await readRecord(volume, number);
    attributes.push(...(extension?.attributes ?? []));
    // Later pieces of the file table may be found only through the ones before them.
    if (baseNumber === MFT_RECORD) volume.table.push(...(extension?.attributes ?? []).filter(isContents));
  }
  return { ...base, attributes };
}

/** Bytes of an attribute that may be in several pieces, as far as they can be found. */
async function readPieces(
  volume: NtfsVolume,
  pieces: readonly Attribute[],
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const resident = pieces[0]?.value;
  if (resident) return resident.subarray(offset, offset + length);
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (const { firstVcn, runs, readable } of pieces.toSorted((one, other) => one.firstVcn - other.firstVcn)) {
    let start = firstVcn * volume.clusterBytes;
    for (const { clusterCount, lcn } of readable ? runs : []) {
      const end = start + clusterCount * volume.clusterBytes;
      const at = offset + filled;
      if (filled < length && at >= start && at < end) {
        const wanted = Math.min(end - at, length - filled);
        if (lcn !== "hole") {
          const part = await readInside(volume.reader, lcn * volume.clusterBytes + at - start, wanted);
          if (!part) return bytes.subarray(0, filled);
          bytes.set(part, filled);
        }
        filled += wanted;
      }
      start = end;
    }
  }
  return bytes.subarray(0, filled);
}

async function recordNode(volume: NtfsVolume, number: number): Promise<TreeNode | undefined> {
  const base = await readRecord(volume, number);
  if (!base) return undefined;
  const record = await withExtensions(volume, base, number);
  return record.isDirectory ? directoryNode(volume, record) : fileNode(volume, record);
}

function fileNode(volume: NtfsVolume, record: FileRecord): TreeNode {
  const pieces = record.attributes.filter(isContents);
  const sizeBytes = pieces.find(({ firstVcn }) => firstVcn === 0)?.sizeBytes ?? 0;
  return {
    kind: "file",
    sizeBytes,
    read: (offset, length) =>
      readPieces(volume, pieces, offset, Math.max(0, Math.min(length, sizeBytes - offset))),
    child: () => Promise.resolve(undefined),
    names: () => Promise.resolve([]),
  };
}

function directoryNode(volume: NtfsVolume, record: FileRecord): TreeNode {
  const ofIndex = record.attributes.filter(({ name }) => name === DIRECTORY_INDEX);
  const allocation = ofIndex.filter(({ type }) => type === INDEX_ALLOCATION);
  const index: DirectoryIndex = {
    root: ofIndex.find(({ type }) => type === INDEX_ROOT)?.value ?? new Uint8Array(0),
    // A number of an index block counts clusters, or sectors where a cluster holds several blocks.
    blockUnitBytes: volume.indexBytes < volume.clusterBytes ? VCN_SECTOR_BYTES : volume.clusterBytes,
    blockBytes: volume.indexBytes,
    readBlock: (offset) => readPieces(volume, allocation, offset, volume.indexBytes),
  };
  return {
    kind: "directory",
    sizeBytes: 0,
    read: () => Promise.resolve(new Uint8Array(0)),
    async child(name) {
      const found = await searchIndex(index, name);
      return found === undefined ? undefined : recordNode(volume, found);
    },
    names: () => listIndex(index),
  };
}
