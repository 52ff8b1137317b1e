/**
 * A small mkfs: an ext4 filesystem with extents, made from a list of files ("The Linux kernel documentation, ext4
 * Data Structures and Algorithms"). No journal, as on images made by other offline tools; the kernel mounts it as it is.
 */
import type { Extent } from "./extent.js";
import { bytesAt, moved } from "./extent.js";
import { BLOCK_BYTES, INODE_BYTES, directoryBlock, inodeBytes } from "./ext4-inode.js";
import type { Inode } from "./ext4-inode.js";

const BLOCKS_PER_GROUP = 8 * BLOCK_BYTES;
const INODES_PER_GROUP = 256;
const INODE_TABLE_BLOCKS = (INODES_PER_GROUP * INODE_BYTES) / BLOCK_BYTES;
const ROOT_INODE = 2;
const FIRST_FREE_INODE = 11;

export type FilePlan =
  | { readonly path: string; readonly text: string; readonly mode?: number }
  | { readonly path: string; readonly linkTo: string }
  /** Put at the start of a block group of its own, so that the data is spread over the disk. */
  | { readonly path: string; readonly content: Extent };

interface Node {
  readonly name: string;
  readonly number: number;
  readonly parent: number;
  readonly plan?: FilePlan;
  readonly children: Node[];
}

export function ext4(sizeBytes: number, id: Buffer, label: string, files: readonly FilePlan[]): Extent[] {
  const blocks = Math.floor(sizeBytes / BLOCK_BYTES);
  const groups = Math.ceil(blocks / BLOCKS_PER_GROUP);
  if (groups * 32 > BLOCK_BYTES) throw new RangeError("One block of group descriptors ends at 16 GiB.");
  const nodes = numbered(files);
  if (nodes.length + FIRST_FREE_INODE > INODES_PER_GROUP) throw new RangeError("More files than inodes.");

  const placer = placeFrom(groups);
  const extents: Extent[] = [];
  const inodeTable = Buffer.alloc(INODE_TABLE_BLOCKS * BLOCK_BYTES);
  let directories = 0;
  for (const node of nodes) {
    const inode = inodeOf(node, placer, extents);
    if (inode.kind === "directory") directories += 1;
    inodeBytes(inode).copy(inodeTable, (node.number - 1) * INODE_BYTES);
  }

  const usedInodes = FIRST_FREE_INODE - 1 + nodes.filter((node) => node.number >= FIRST_FREE_INODE).length;
  const descriptors = Buffer.alloc(BLOCK_BYTES);
  let freeBlocks = 0;
  for (let group = 0; group < groups; group++) {
    const blocksHere = Math.min(BLOCKS_PER_GROUP, blocks - group * BLOCKS_PER_GROUP);
    const used = placer.usedIn(group);
    const firstBlock = group * BLOCKS_PER_GROUP + (hasSuperblock(group) ? 2 : 0);
    const inodesHere = group === 0 ? usedInodes : 0;
    freeBlocks += blocksHere - used;
    [firstBlock, firstBlock + 1, firstBlock + 2].forEach((block, i) =>
      descriptors.writeUInt32LE(block, group * 32 + i * 4),
    );
    descriptors.writeUInt16LE(blocksHere - used, group * 32 + 12);
    descriptors.writeUInt16LE(INODES_PER_GROUP - inodesHere, group * 32 + 14);
    descriptors.writeUInt16LE(group === 0 ? directories : 0, group * 32 + 16);
    const bitmaps = [bitmap(used, blocksHere), bitmap(inodesHere, INODES_PER_GROUP)];
    extents.push(bytesAt(firstBlock * BLOCK_BYTES, Buffer.concat(bitmaps)));
    if (group === 0) extents.push(bytesAt((firstBlock + 2) * BLOCK_BYTES, inodeTable));
  }
  const freeInodes = groups * INODES_PER_GROUP - usedInodes;
  for (let group = 0; group < groups; group++) {
    if (!hasSuperblock(group)) continue;
    const superblock = superblockOf({ blocks, groups, group, freeBlocks, freeInodes, id, label });
    const inBlock = group === 0 ? 1024 : 0;
    extents.push(bytesAt(group * BLOCKS_PER_GROUP * BLOCK_BYTES + inBlock, superblock));
    extents.push(bytesAt((group * BLOCKS_PER_GROUP + 1) * BLOCK_BYTES, descriptors));
  }
  return extents;
}

/** Blocks are given out from the front of a group without gaps, so a group's bitmap is a count. */
interface Placer {
  inFirstGroup(blocks: number): number;
  /** Runs of blocks that start in a group of their own. */
  inOwnGroups(blocks: number): { firstBlock: number; blocks: number }[];
  usedIn(group: number): number;
}

function placeFrom(groups: number): Placer {
  const used = Array.from({ length: groups }, (_, g) => (hasSuperblock(g) ? 2 : 0) + 2 + INODE_TABLE_BLOCKS);
  const take = (group: number, blocks: number): number => {
    const first = used[group];
    if (first === undefined || first + blocks > BLOCKS_PER_GROUP)
      throw new RangeError("The files do not fit.");
    used[group] = first + blocks;
    return group * BLOCKS_PER_GROUP + first;
  };
  let own = 1;
  return {
    inFirstGroup: (blocks) => take(0, blocks),
    inOwnGroups(blocks) {
      const runs = [];
      for (let left = blocks; left > 0; own += 2) {
        const here = Math.min(left, BLOCKS_PER_GROUP - (used[own] ?? BLOCKS_PER_GROUP));
        runs.push({ firstBlock: take(own, here), blocks: here });
        left -= here;
      }
      return runs;
    },
    usedIn: (group) => used[group] ?? 0,
  };
}

function inodeOf(node: Node, placer: Placer, extents: Extent[]): Inode {
  const { plan } = node;
  if (plan === undefined) {
    const block = placer.inFirstGroup(1);
    const kinds = node.children.map((child) => ({
      name: child.name,
      number: child.number,
      kind: kindOf(child.plan),
    }));
    extents.push(bytesAt(block * BLOCK_BYTES, directoryBlock(node.number, node.parent, kinds)));
    const subdirectories = kinds.filter((child) => child.kind === "directory").length;
    return {
      kind: "directory",
      permissions: 0o755,
      sizeBytes: BLOCK_BYTES,
      links: 2 + subdirectories,
      runs: [{ firstBlock: block, blocks: 1 }],
    };
  }
  if ("linkTo" in plan) return { kind: "symlink", target: plan.linkTo };
  const content = "text" in plan ? bytesAt(0, Buffer.from(plan.text)) : plan.content;
  const blocks = Math.ceil(content.length / BLOCK_BYTES);
  const runs =
    "text" in plan
      ? blocks === 0
        ? []
        : [{ firstBlock: placer.inFirstGroup(blocks), blocks }]
      : placer.inOwnGroups(blocks);
  let from = 0;
  for (const run of runs) {
    const length = Math.min(run.blocks * BLOCK_BYTES, content.length - from);
    const start = from;
    const part: Extent = { offset: 0, length, read: (at, wanted) => content.read(start + at, wanted) };
    extents.push(moved(part, run.firstBlock * BLOCK_BYTES));
    from += length;
  }
  const permissions = ("text" in plan ? plan.mode : undefined) ?? 0o644;
  return { kind: "file", permissions, sizeBytes: content.length, links: 1, runs };
}

const kindOf = (plan: FilePlan | undefined): Inode["kind"] =>
  plan === undefined ? "directory" : "linkTo" in plan ? "symlink" : "file";

/** Directories come from the paths; numbers in the order of first mention, `lost+found` first as mkfs has it. */
function numbered(files: readonly FilePlan[]): Node[] {
  const root: Node = { name: "", number: ROOT_INODE, parent: ROOT_INODE, children: [] };
  const nodes = [root];
  const add = (parent: Node, name: string, plan?: FilePlan): Node => {
    const number = FIRST_FREE_INODE + nodes.length - 1;
    const node: Node = { name, number, parent: parent.number, children: [], ...(plan && { plan }) };
    parent.children.push(node);
    nodes.push(node);
    return node;
  };
  add(root, "lost+found");
  for (const plan of files) {
    const names = plan.path.split("/");
    const last = names.pop();
    if (last === undefined || last === "") throw new RangeError(`"${plan.path}" names no file.`);
    let here = root;
    for (const name of names) here = here.children.find((child) => child.name === name) ?? add(here, name);
    add(here, last, plan);
  }
  return nodes;
}

/** The first `used` bits, and every bit beyond what the bitmap describes. */
function bitmap(used: number, described: number): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (let bit = 0; bit < BLOCKS_PER_GROUP; bit++)
    if (bit < used || bit >= described) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  return bytes;
}

/** sparse_super: groups 0 and 1, and the powers of 3, 5 and 7, keep copies. */
const hasSuperblock = (group: number): boolean =>
  group <= 1 || [3, 5, 7].some((base) => Number.isInteger(round(Math.log(group) / Math.log(base))));
const round = (value: number): number => Math.round(value * 1e9) / 1e9;

function superblockOf(volume: {
  blocks: number;
  groups: number;
  group: number;
  freeBlocks: number;
  freeInodes: number;
  id: Buffer;
  label: string;
}): Buffer {
  const bytes = Buffer.alloc(1024);
  const words: readonly (readonly [number, number])[] = [
    [0, volume.groups * INODES_PER_GROUP],
    [4, volume.blocks],
    [12, volume.freeBlocks],
    [16, volume.freeInodes],
    [24, 2], // blocks of 1024 << 2
    [28, 2],
    [32, BLOCKS_PER_GROUP],
    [36, BLOCKS_PER_GROUP],
    [40, INODES_PER_GROUP],
    [76, 1],
    [84, FIRST_FREE_INODE],
    [96, 0x0002 | 0x0040], // filetype, extents
    [100, 0x0001 | 0x0002], // sparse_super, large_file
  ];
  for (const [at, value] of words) bytes.writeUInt32LE(value, at);
  bytes.writeUInt16LE(0xffff, 54); // never checked by mount count
  bytes.writeUInt16LE(0xef53, 56);
  bytes.writeUInt16LE(1, 58); // clean
  bytes.writeUInt16LE(1, 60);
  bytes.writeUInt16LE(INODE_BYTES, 88);
  bytes.writeUInt16LE(volume.group, 90);
  volume.id.copy(bytes, 104);
  bytes.write(volume.label, 120, 16, "latin1");
  return bytes;
}
