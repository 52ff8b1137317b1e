/**
 * ext2, ext3 and ext4, read-only (kernel.org, "ext4 Data Structures and Algorithms"): superblock, group descriptors
 * and inodes. Where the blocks of an inode are is told by ext-blocks.ts, what a directory holds by ext-directory.ts.
 */
import type { RangeReader } from "../range-reader.js";
import { descriptorOffset, type DescriptorLayout } from "./ext-descriptors.js";
import { type BlockMap, mapBlocks, readBlocks } from "./ext-blocks.js";
import { parseExtDirectory } from "./ext-directory.js";
import { readFields, uint } from "./fields.js";
import type { FileTree, TreeNode } from "./file-tree.js";
import { readInside } from "./slices.js";

const SUPERBLOCK_OFFSET = 1024;
const SUPERBLOCK_BYTES = 1024;
const SUPERBLOCK = {
  inodeCount: [0, 4],
  firstDataBlock: [20, 4],
  logBlockSize: [24, 4],
  blocksPerGroup: [32, 4],
  inodesPerGroup: [40, 4],
  magic: [56, 2],
  revision: [76, 4],
  inodeBytes: [88, 2],
  compatible: [92, 4],
  incompatible: [96, 4],
  readOnlyCompatible: [100, 4],
  descriptorBytes: [254, 2],
  firstMetaGroup: [260, 4],
} as const;
const MAGIC = 0xef53;
const ROOT_INODE = 2;

const HAS_JOURNAL = 0x4;
const META_GROUPS = 0x10;
const EXTENTS = 0x40;
const SIXTY_FOUR_BIT = 0x80;
const SPARSE_COPIES = 0x1;
/** Incompatible features that change how names and bytes are found and are not read here. */
const UNREADABLE = {
  compression: 0x1,
  "journal device": 0x8,
} as const;

const DESCRIPTOR = { inodeTableLow: [8, 4], inodeTableHigh: [40, 4] } as const;

const INODE = {
  mode: [0, 2],
  sizeLow: [4, 4],
  flags: [32, 4],
  sizeHigh: [108, 4],
  extraBytes: [128, 2],
} as const;
const BLOCK_AREA = [40, 100] as const;
const CLASSIC_INODE_BYTES = 128;
const KINDS: Readonly<Record<number, TreeNode["kind"]>> = { 4: "directory", 8: "file", 10: "symlink" };
const USES_EXTENTS = 0x80000;
const INLINE_DATA = 0x10000000;

/** In-inode attributes: `system.data` continues what the block area begins ("Inline Data"). */
const ATTRIBUTES_MAGIC = 0xea020000;
const ATTRIBUTE = { nameBytes: [0, 1], nameIndex: [1, 1], valueOffset: [2, 2], valueBytes: [8, 4] } as const;
const ATTRIBUTE_HEADER_BYTES = 16;
const SYSTEM_INDEX = 7;

/** A directory of 4000 names of 60 bytes. What we look for is in small ones. */
const MAX_DIRECTORY_BYTES = 256 * 1024;

interface Volume {
  readonly reader: RangeReader;
  readonly blockBytes: number;
  readonly inodeBytes: number;
  readonly inodeCount: number;
  readonly inodesPerGroup: number;
  readonly descriptors: DescriptorLayout;
}

export type ExtReading =
  { readonly tree: FileTree } | { readonly tree?: never; readonly filesystem: string; readonly why: string };

/** Undefined where there is no superblock. */
export async function openExt(reader: RangeReader): Promise<ExtReading | undefined> {
  const bytes = await readInside(reader, SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES);
  if (!bytes) return undefined;
  const superblock = readFields(SUPERBLOCK, bytes);
  if (superblock.magic !== MAGIC) return undefined;
  const filesystem =
    (superblock.incompatible & EXTENTS) !== 0
      ? "ext4"
      : (superblock.compatible & HAS_JOURNAL) !== 0
        ? "ext3"
        : "ext2";
  const blockBytes = 1024 * 2 ** superblock.logBlockSize;
  const inodeBytes = superblock.revision === 0 ? CLASSIC_INODE_BYTES : superblock.inodeBytes;
  const wide = (superblock.incompatible & SIXTY_FOUR_BIT) !== 0;
  const descriptorBytes = wide ? superblock.descriptorBytes : 32;
  const unreadable = Object.entries(UNREADABLE).find(([, flag]) => (superblock.incompatible & flag) !== 0);
  if (unreadable) return { filesystem, why: `it uses ${unreadable[0]}` };
  if (blockBytes > 65536)
    return { filesystem, why: `its blocks have 2^${10 + superblock.logBlockSize} bytes` };
  if (inodeBytes < CLASSIC_INODE_BYTES || inodeBytes > blockBytes) {
    return { filesystem, why: `its inodes have ${inodeBytes} bytes` };
  }
  if (superblock.inodesPerGroup === 0) return { filesystem, why: "its groups have no inodes" };
  if (descriptorBytes < 32 || descriptorBytes > 1024) {
    return { filesystem, why: `its group descriptors have ${descriptorBytes} bytes` };
  }
  const volume: Volume = {
    reader,
    blockBytes,
    inodeBytes,
    inodeCount: superblock.inodeCount,
    inodesPerGroup: superblock.inodesPerGroup,
    descriptors: {
      blockBytes,
      descriptorBytes,
      firstDataBlock: superblock.firstDataBlock,
      blocksPerGroup: superblock.blocksPerGroup,
      ...((superblock.incompatible & META_GROUPS) !== 0 && { firstMetaGroup: superblock.firstMetaGroup }),
      sparseCopies: (superblock.readOnlyCompatible & SPARSE_COPIES) !== 0,
    },
  };
  const root = await inodeNode(volume, ROOT_INODE);
  if (root?.kind !== "directory") return { filesystem, why: "its root directory cannot be found" };
  return { tree: { filesystem, root } };
}

async function readInode(volume: Volume, number: number): Promise<Uint8Array | undefined> {
  if (number < 1 || number > volume.inodeCount) return undefined;
  const group = Math.floor((number - 1) / volume.inodesPerGroup);
  const { descriptors } = volume;
  const offset = descriptorOffset(descriptors, group);
  const descriptor = await readInside(volume.reader, offset, descriptors.descriptorBytes);
  if (!descriptor) return undefined;
  const { inodeTableLow, inodeTableHigh } = readFields(DESCRIPTOR, descriptor);
  const tableOffset = (inodeTableHigh * 2 ** 32 + inodeTableLow) * volume.blockBytes;
  const index = (number - 1) % volume.inodesPerGroup;
  return readInside(volume.reader, tableOffset + index * volume.inodeBytes, volume.inodeBytes);
}

async function inodeNode(volume: Volume, number: number): Promise<TreeNode | undefined> {
  const inode = await readInode(volume, number);
  if (!inode) return undefined;
  const fields = readFields(INODE, inode);
  const kind = KINDS[fields.mode >>> 12] ?? "other";
  // In directories of ext2 the high word means something else; no directory has 4 GiB.
  const sizeBytes = fields.sizeLow + (kind === "directory" ? 0 : fields.sizeHigh * 2 ** 32);
  const blockArea = inode.subarray(...BLOCK_AREA);
  const contents = contentsOf(volume, inode, fields.flags, kind, sizeBytes, blockArea);
  const read = (offset: number, length: number) =>
    contents(offset, Math.max(0, Math.min(length, sizeBytes - offset)));
  const entries = async () =>
    kind === "directory"
      ? parseExtDirectory(
          await read(0, MAX_DIRECTORY_BYTES),
          (fields.flags & INLINE_DATA) !== 0 ? "inline" : volume.blockBytes,
        )
      : [];
  return {
    kind,
    sizeBytes,
    read,
    async child(name) {
      const entry = (await entries()).find((one) => one.name === name);
      return entry && inodeNode(volume, entry.inode);
    },
    names: async () => (await entries()).map(({ name }) => name),
  };
}

type Contents = (offset: number, length: number) => Promise<Uint8Array>;

function contentsOf(
  volume: Volume,
  inode: Uint8Array,
  flags: number,
  kind: TreeNode["kind"],
  sizeBytes: number,
  blockArea: Uint8Array,
): Contents {
  const inMemory =
    (bytes: Uint8Array): Contents =>
    (offset, length) =>
      Promise.resolve(bytes.subarray(offset, offset + length));
  if ((flags & INLINE_DATA) !== 0) return inMemory(inlineData(inode, blockArea));
  const usesExtents = (flags & USES_EXTENTS) !== 0;
  // A short link's target stands where the block numbers would.
  if (kind === "symlink" && !usesExtents && sizeBytes < blockArea.length) return inMemory(blockArea);
  if (kind === "other") return inMemory(new Uint8Array(0));
  const blocks: BlockMap = mapBlocks(volume, blockArea, usesExtents);
  return (offset, length) => readBlocks(volume, blocks, offset, length);
}

function inlineData(inode: Uint8Array, blockArea: Uint8Array): Uint8Array {
  const start = CLASSIC_INODE_BYTES + readFields(INODE, inode).extraBytes;
  if (uint(inode, start, 4) !== ATTRIBUTES_MAGIC) return blockArea;
  const first = start + 4;
  for (let at = first; at + ATTRIBUTE_HEADER_BYTES <= inode.length;) {
    const { nameBytes, nameIndex, valueOffset, valueBytes } = readFields(ATTRIBUTE, inode, at);
    const name = String.fromCharCode(
      ...inode.subarray(at + ATTRIBUTE_HEADER_BYTES, at + ATTRIBUTE_HEADER_BYTES + nameBytes),
    );
    if (nameBytes === 0) break;
    if (nameIndex === SYSTEM_INDEX && name === "data") {
      const rest = inode.subarray(first + valueOffset, first + valueOffset + valueBytes);
      return Uint8Array.from([...blockArea, ...rest]);
    }
    at += ATTRIBUTE_HEADER_BYTES + Math.ceil(nameBytes / 4) * 4;
  }
  return blockArea;
}
