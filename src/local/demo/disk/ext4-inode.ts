/** Inodes and directory blocks of ext4, as bytes. */

export const BLOCK_BYTES = 4096;
export const INODE_BYTES = 256;

export interface Run {
  readonly firstBlock: number;
  readonly blocks: number;
}

export type Inode =
  | {
      readonly kind: "file" | "directory";
      readonly permissions: number;
      readonly sizeBytes: number;
      readonly links: number;
      /** At most four: they fit into the inode. */
      readonly runs: readonly Run[];
    }
  | { readonly kind: "symlink"; readonly target: string };

const FORMAT = { file: 0x8000, directory: 0x4000, symlink: 0xa000 } as const;
const ENTRY_KIND = { file: 1, directory: 2, symlink: 7 } as const;
const EXTENTS_FLAG = 0x0008_0000;
/** A target below this length stands in the inode itself. */
const INLINE_BYTES = 60;
const MAX_RUNS = 4;
/** 2026-01-01: the same bytes in every run. */
const WRITTEN_AT = 1_767_225_600;

export function inodeBytes(inode: Inode): Buffer {
  const bytes = Buffer.alloc(INODE_BYTES);
  for (const at of [8, 12, 16]) bytes.writeUInt32LE(WRITTEN_AT, at);
  if (inode.kind === "symlink") {
    const target = Buffer.from(inode.target);
    if (target.length >= INLINE_BYTES) throw new RangeError(`${inode.target} is too long for a fast link.`);
    bytes.writeUInt16LE(FORMAT.symlink | 0o777, 0);
    bytes.writeUInt32LE(target.length, 4);
    bytes.writeUInt16LE(1, 26);
    target.copy(bytes, 40);
    return bytes;
  }
  if (inode.runs.length > MAX_RUNS)
    throw new RangeError("A file of more than four runs needs an extent tree.");
  bytes.writeUInt16LE(FORMAT[inode.kind] | inode.permissions, 0);
  bytes.writeUInt32LE(inode.sizeBytes, 4);
  bytes.writeUInt16LE(inode.links, 26);
  const blocks = inode.runs.reduce((sum, run) => sum + run.blocks, 0);
  bytes.writeUInt32LE((blocks * BLOCK_BYTES) / 512, 28);
  bytes.writeUInt32LE(EXTENTS_FLAG, 32);
  bytes.writeUInt16LE(0xf30a, 40);
  bytes.writeUInt16LE(inode.runs.length, 42);
  bytes.writeUInt16LE(MAX_RUNS, 44);
  let logical = 0;
  inode.runs.forEach((run, index) => {
    const at = 52 + index * 12;
    bytes.writeUInt32LE(logical, at);
    bytes.writeUInt16LE(run.blocks, at + 4);
    bytes.writeUInt32LE(run.firstBlock, at + 8);
    logical += run.blocks;
  });
  return bytes;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly number: number;
  readonly kind: Inode["kind"];
}

/** One block; the last entry's length reaches to its end. */
export function directoryBlock(self: number, parent: number, children: readonly DirectoryEntry[]): Buffer {
  const entries: DirectoryEntry[] = [
    { name: ".", number: self, kind: "directory" },
    { name: "..", number: parent, kind: "directory" },
    ...children,
  ];
  const block = Buffer.alloc(BLOCK_BYTES);
  let at = 0;
  entries.forEach(({ name, number, kind }, index) => {
    const nameBytes = Buffer.from(name);
    const shortest = 8 + Math.ceil(nameBytes.length / 4) * 4;
    const length = index === entries.length - 1 ? BLOCK_BYTES - at : shortest;
    if (length < shortest) throw new RangeError("A directory of the maker has one block.");
    block.writeUInt32LE(number, at);
    block.writeUInt16LE(length, at + 4);
    block.writeUInt8(nameBytes.length, at + 6);
    block.writeUInt8(ENTRY_KIND[kind], at + 7);
    nameBytes.copy(block, at + 8);
    at += length;
  });
  return block;
}
