/**
 * NTFS directories: B+ trees of file names (Linux-NTFS project, "Index Root" and "Index Allocation"). A name is
 * found by descending, so that a directory of ten thousand files costs a few blocks.
 */
import { readFields, uint } from "./fields.js";
import { withFixups } from "./ntfs-record.js";
import { utf16 } from "./text.js";

/** The index header: after the root's own 16 bytes, and after a block's 24. */
const ROOT_HEADER_OFFSET = 16;
const BLOCK_HEADER_OFFSET = 24;
const HEADER = { firstEntry: [0, 4], usedBytes: [4, 4] } as const;

const ENTRY = { recordLow: [0, 4], recordHigh: [4, 2], bytes: [8, 2], flags: [12, 2] } as const;
const MIN_ENTRY_BYTES = 16;
const HAS_CHILD = 0x1;
const IS_LAST = 0x2;
const CHILD_VCN_BYTES = 8;
/** In the entry: its key, a $FILE_NAME attribute. */
const NAME_LENGTH_OFFSET = 16 + 64;
const NAME_SPACE_OFFSET = 16 + 65;
const NAME_OFFSET = 16 + 66;
const DOS_NAMES_ONLY = 2;

/** Trees of a million files are four deep. */
const MAX_DEPTH = 12;
/** Blocks read to list a directory: 256 KiB of names. */
const MAX_LISTED_BLOCKS = 64;

export interface DirectoryIndex {
  /** The value of $INDEX_ROOT. */
  readonly root: Uint8Array;
  readonly blockUnitBytes: number;
  readonly blockBytes: number;
  /** The raw block at an offset into $INDEX_ALLOCATION, shorter where there is none. */
  readBlock(offset: number): Promise<Uint8Array>;
}

interface Entry {
  /** Absent in the entry that ends a node. */
  readonly name?: string;
  readonly dosOnly: boolean;
  readonly record: number;
  readonly childVcn?: number;
}

function entriesIn(node: Uint8Array, headerOffset: number): Entry[] {
  const { firstEntry, usedBytes } = readFields(HEADER, node, headerOffset);
  const end = Math.min(headerOffset + usedBytes, node.length);
  const entries: Entry[] = [];
  for (let at = headerOffset + firstEntry; at + MIN_ENTRY_BYTES <= end;) {
    const { recordLow, recordHigh, bytes, flags } = readFields(ENTRY, node, at);
    if (bytes < MIN_ENTRY_BYTES || at + bytes > end) break;
    const entry = node.subarray(at, at + bytes);
    const last = (flags & IS_LAST) !== 0;
    const nameBytes = 2 * uint(entry, NAME_LENGTH_OFFSET, 1);
    entries.push({
      ...(!last && { name: utf16(entry.subarray(NAME_OFFSET, NAME_OFFSET + nameBytes)) }),
      dosOnly: uint(entry, NAME_SPACE_OFFSET, 1) === DOS_NAMES_ONLY,
      record: recordHigh * 2 ** 32 + recordLow,
      ...((flags & HAS_CHILD) !== 0 && { childVcn: uint(entry, bytes - CHILD_VCN_BYTES, CHILD_VCN_BYTES) }),
    });
    if (last) break;
    at += bytes;
  }
  return entries;
}

async function entriesOfBlock(index: DirectoryIndex, vcn: number): Promise<Entry[]> {
  const raw = await index.readBlock(vcn * index.blockUnitBytes);
  const block = raw.length === index.blockBytes ? withFixups(raw, "INDX") : undefined;
  return block ? entriesIn(block, BLOCK_HEADER_OFFSET) : [];
}

/** The file record of a name; names compare in upper case by UTF-16 units, as $UpCase has it for what we look for. */
export async function searchIndex(index: DirectoryIndex, name: string): Promise<number | undefined> {
  const wanted = name.toUpperCase();
  let entries = entriesIn(index.root, ROOT_HEADER_OFFSET);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const at = entries.find((entry) => entry.name === undefined || entry.name.toUpperCase() >= wanted);
    if (!at) return undefined;
    if (at.name?.toUpperCase() === wanted) return at.record;
    if (at.childVcn === undefined) return undefined;
    entries = await entriesOfBlock(index, at.childVcn);
  }
  return undefined;
}

/** The long names in a directory, the first few thousand of them. */
export async function listIndex(index: DirectoryIndex): Promise<string[]> {
  const names: string[] = [];
  const visited = new Set<number>();
  const waiting = [entriesIn(index.root, ROOT_HEADER_OFFSET)];
  for (let entries = waiting.pop(); entries; entries = waiting.pop()) {
    for (const { name, dosOnly, childVcn } of entries) {
      if (name !== undefined && !dosOnly) names.push(name);
      if (childVcn === undefined || visited.has(childVcn) || visited.size === MAX_LISTED_BLOCKS) continue;
      visited.add(childVcn);
      waiting.push(await entriesOfBlock(index, childVcn));
    }
  }
  return names;
}
