/**
 * Names in an ext directory ("Linear (Classic) Directories"). Hashed directories are read the same way: their index
 * blocks look like empty entries on purpose, and every name is in some leaf.
 */
import { readFields } from "./fields.js";
import { utf8 } from "./text.js";

const ENTRY = { inode: [0, 4], entryBytes: [4, 2], nameBytes: [6, 1] } as const;
const ENTRY_HEADER_BYTES = 8;
/** An inline directory begins with the inode of its parent. */
const INLINE_PARENT_BYTES = 4;
const INLINE_BLOCK_AREA_BYTES = 60;
/** In blocks of 64 KiB a length that fills the block does not fit into its field. */
const WHOLE_BLOCK_LENGTHS: ReadonlySet<number> = new Set([0, 65535]);

export interface ExtEntry {
  readonly name: string;
  readonly inode: number;
}

export function parseExtDirectory(bytes: Uint8Array, blockBytes: number | "inline"): ExtEntry[] {
  if (blockBytes === "inline") {
    return [
      ...entriesIn(bytes.subarray(INLINE_PARENT_BYTES, INLINE_BLOCK_AREA_BYTES)),
      ...entriesIn(bytes.subarray(INLINE_BLOCK_AREA_BYTES)),
    ];
  }
  const entries: ExtEntry[] = [];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    entries.push(...entriesIn(bytes.subarray(start, start + blockBytes)));
  }
  return entries;
}

/** A block whose chain of entries breaks gives what stands before the break. */
function entriesIn(block: Uint8Array): ExtEntry[] {
  const entries: ExtEntry[] = [];
  for (let at = 0; at + ENTRY_HEADER_BYTES <= block.length;) {
    const { inode, entryBytes, nameBytes } = readFields(ENTRY, block, at);
    const length = block.length === 65536 && WHOLE_BLOCK_LENGTHS.has(entryBytes) ? block.length : entryBytes;
    if (length < ENTRY_HEADER_BYTES + nameBytes || at + length > block.length) break;
    const name = utf8(block.subarray(at + ENTRY_HEADER_BYTES, at + ENTRY_HEADER_BYTES + nameBytes));
    if (inode !== 0 && name !== "." && name !== "..") entries.push({ name, inode });
    at += length;
  }
  return entries;
}
