/**
 * Where the blocks of an ext inode are: extent trees (ext4) and direct, indirect, double and triple indirect block
 * numbers (ext2, ext3). A step down always shortens the rest of the way, so a tree that points at itself ends too.
 */
import type { RangeReader } from "../range-reader.js";
import { readFields, uint } from "./fields.js";
import { readInside } from "./slices.js";

interface Geometry {
  readonly reader: RangeReader;
  readonly blockBytes: number;
}

/** `count` blocks in a row on the disk from `physical`, or that many of zeros (a hole). */
export interface Run {
  readonly physical: number | "hole";
  readonly count: number;
}

/** The run that begins at a block of the file; undefined where the structure is broken. */
export type BlockMap = (logical: number) => Promise<Run | undefined>;

const EXTENT_MAGIC = 0xf30a;
const MAX_DEPTH = 5;
const NODE_ENTRY_BYTES = 12;
const NODE = { magic: [0, 2], entryCount: [2, 2], depth: [6, 2] } as const;
const INDEX = { logical: [0, 4], childLow: [4, 4], childHigh: [8, 2] } as const;
const EXTENT = { logical: [0, 4], count: [4, 2], startHigh: [6, 2], startLow: [8, 4] } as const;
/** Above this a length means "allocated, not yet written", which reads as zeros. */
const MAX_WRITTEN_COUNT = 32768;

const DIRECT_BLOCKS = 12;
const POINTER_BYTES = 4;

export function mapBlocks(volume: Geometry, blockArea: Uint8Array, usesExtents: boolean): BlockMap {
  return usesExtents
    ? (logical) => findExtent(volume, blockArea, logical)
    : (logical) => followPointers(volume, blockArea, logical);
}

async function findExtent(volume: Geometry, root: Uint8Array, logical: number): Promise<Run | undefined> {
  let node = root;
  let expectedDepth: number | undefined;
  for (;;) {
    const { magic, entryCount, depth } = readFields(NODE, node);
    const fits = (entryCount + 1) * NODE_ENTRY_BYTES <= node.length;
    if (magic !== EXTENT_MAGIC || !fits || depth > MAX_DEPTH) return undefined;
    if (expectedDepth !== undefined && depth !== expectedDepth) return undefined;
    if (depth === 0) return extentIn(node, entryCount, logical);
    let child: number | undefined;
    for (let index = 1; index <= entryCount; index++) {
      const entry = readFields(INDEX, node, index * NODE_ENTRY_BYTES);
      if (entry.logical > logical) break;
      child = entry.childHigh * 2 ** 32 + entry.childLow;
    }
    if (child === undefined) return { physical: "hole", count: 1 };
    const bytes = await readInside(volume.reader, child * volume.blockBytes, volume.blockBytes);
    if (!bytes) return undefined;
    node = bytes;
    expectedDepth = depth - 1;
  }
}

function extentIn(leaf: Uint8Array, entryCount: number, logical: number): Run {
  for (let index = 1; index <= entryCount; index++) {
    const extent = readFields(EXTENT, leaf, index * NODE_ENTRY_BYTES);
    const written = extent.count <= MAX_WRITTEN_COUNT;
    const count = written ? extent.count : extent.count - MAX_WRITTEN_COUNT;
    const into = logical - extent.logical;
    if (into < 0) return { physical: "hole", count: -into };
    if (into < count) {
      const start = extent.startHigh * 2 ** 32 + extent.startLow;
      return { physical: written ? start + into : "hole", count: count - into };
    }
  }
  return { physical: "hole", count: 1 };
}

async function followPointers(volume: Geometry, area: Uint8Array, logical: number): Promise<Run | undefined> {
  const single = (physical: number): Run => ({ physical: physical === 0 ? "hole" : physical, count: 1 });
  if (logical < DIRECT_BLOCKS) {
    const first = uint(area, logical * POINTER_BYTES, POINTER_BYTES);
    if (first === 0) return single(0);
    let count = 1;
    while (
      logical + count < DIRECT_BLOCKS &&
      uint(area, (logical + count) * POINTER_BYTES, POINTER_BYTES) === first + count
    ) {
      count += 1;
    }
    return { physical: first, count };
  }
  const perBlock = volume.blockBytes / POINTER_BYTES;
  let rest = logical - DIRECT_BLOCKS;
  for (let level = 1; level <= 3; level++) {
    if (rest >= perBlock ** level) {
      rest -= perBlock ** level;
      continue;
    }
    let block = uint(area, (DIRECT_BLOCKS + level - 1) * POINTER_BYTES, POINTER_BYTES);
    for (let span = perBlock ** (level - 1); span >= 1; span /= perBlock) {
      if (block === 0) return single(0);
      const slot = block * volume.blockBytes + Math.floor(rest / span) * POINTER_BYTES;
      const pointer = await readInside(volume.reader, slot, POINTER_BYTES);
      if (!pointer) return undefined;
      block = uint(pointer, 0, POINTER_BYTES);
      rest %= span;
    }
    return single(block);
  }
  return undefined;
}

/** The bytes `offset…offset+length` of a file, as far as its blocks can be found. */
export async function readBlocks(
  volume: Geometry,
  blocks: BlockMap,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const at = offset + filled;
    const run = await blocks(Math.floor(at / volume.blockBytes));
    if (!run) break;
    const skip = at % volume.blockBytes;
    const wanted = Math.min(run.count * volume.blockBytes - skip, length - filled);
    if (run.physical !== "hole") {
      const part = await readInside(volume.reader, run.physical * volume.blockBytes + skip, wanted);
      if (!part) break;
      bytes.set(part, filled);
    }
    filled += wanted;
  }
  return bytes.subarray(0, filled);
}
