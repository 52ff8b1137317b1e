/**
 * ext2 and ext4 volumes of one block group (kernel.org "ext4 Data Structures and Algorithms"), made without the
 * code under test: extents or block pointers, 32 or 64 byte descriptors, inline data, hashed directories.
 */
import { latin1Bytes, SparseDisk, structure, utf8Bytes } from "./disk-builder.js";

export type ExtFile = string | Uint8Array | { readonly link: string };

export interface ExtOptions {
  readonly blockBytes?: 1024 | 4096;
  readonly layout?: "extents" | "deep extents" | "pointers" | "inline";
  readonly wide?: boolean;
  readonly incompatible?: number;
  /** Blocks left free between any two files: an old, full root has its directories all over the disk. */
  readonly spreadBlocks?: number;
}

export interface ExtVolume {
  readonly disk: SparseDisk;
  readonly inodeOffset: (inode: number) => number;
  /** Inode numbers by path; the root's is "". */
  readonly inodes: ReadonlyMap<string, number>;
}

const INODES = 256;
const INODE_BYTES = 256;
const FIRST_FREE_INODE = 11;
const BLOCKS = 4096;
const SPREAD_BLOCKS = 65536;

export function extVolume(files: Readonly<Record<string, ExtFile>>, options: ExtOptions = {}): ExtVolume {
  const { blockBytes = 1024, spreadBlocks = 0, layout = "extents", wide = layout !== "pointers" } = options;
  const firstDataBlock = blockBytes === 1024 ? 1 : 0;
  const tableBlock = firstDataBlock + 4;
  const blocks = spreadBlocks > 0 ? SPREAD_BLOCKS : BLOCKS;
  const disk = new SparseDisk(blocks * blockBytes);
  const inodes = new Map<string, number>([["", 2]]);
  let freeInode = FIRST_FREE_INODE;
  let freeBlock = tableBlock + (INODES * INODE_BYTES) / blockBytes;
  const inodeOffset = (inode: number) => tableBlock * blockBytes + (inode - 1) * INODE_BYTES;
  const take = (count: number) => (freeBlock += count + spreadBlocks) - count;

  const extentNode = (rows: readonly (readonly [number, number, number])[], depth: number, size: number) =>
    structure(size, [
      [0, 2, 0xf30a],
      [2, 2, rows.length],
      [4, 2, Math.floor(size / 12) - 1],
      [6, 2, depth],
      ...rows.flatMap(([logical, count, start], index) => {
        const at = 12 * (index + 1);
        return depth === 0
          ? ([
              [at, 4, logical],
              [at + 4, 2, count],
              [at + 8, 4, start],
            ] as const)
          : ([
              [at, 4, logical],
              [at + 4, 4, start],
            ] as const);
      }),
    ]);

  const pointerArea = (first: number, count: number): Uint8Array => {
    const perBlock = blockBytes / 4;
    const numbers = (from: number, size: number) =>
      structure(
        size,
        Array.from({ length: Math.min(size / 4, Math.max(0, count - from)) }, (_, at) => [
          4 * at,
          4,
          first + from + at,
        ]),
      );
    const indirect = (from: number): number => {
      const block = take(1);
      disk.write(block * blockBytes, numbers(from, blockBytes));
      return block;
    };
    const double = () => {
      const block = take(1);
      const starts = Array.from(
        { length: Math.ceil((count - 12 - perBlock) / perBlock) },
        (_, index) => 12 + perBlock * (index + 1),
      );
      disk.write(
        block * blockBytes,
        structure(
          blockBytes,
          starts.map((from, index) => [4 * index, 4, indirect(from)]),
        ),
      );
      return block;
    };
    return structure(60, [
      [0, numbers(0, 48)],
      [48, 4, count > 12 ? indirect(12) : 0],
      [52, 4, count > 12 + perBlock ? double() : 0],
    ]);
  };

  const blockArea = (bytes: Uint8Array): Uint8Array => {
    const count = Math.ceil(bytes.length / blockBytes);
    const first = take(count);
    disk.write(first * blockBytes, bytes);
    if (layout === "pointers") return pointerArea(first, count);
    // Two extents, so that finding the second is shown too.
    const half = Math.ceil(count / 2);
    const rows = [[0, half, first], ...(count > half ? [[half, count - half, first + half]] : [])] as [
      number,
      number,
      number,
    ][];
    if (layout !== "deep extents") return extentNode(rows, 0, 60);
    const leaf = take(1);
    disk.write(leaf * blockBytes, extentNode(rows, 0, blockBytes));
    return extentNode([[0, 0, leaf]], 1, 60);
  };

  const writeInode = (inode: number, type: number, bytes: Uint8Array) => {
    const fastLink = type === 0xa && bytes.length < 60;
    const inline = layout === "inline" && !fastLink && bytes.length <= 120;
    const flags = inline ? 0x10000000 : layout === "pointers" || fastLink ? 0 : 0x80000;
    const rest = bytes.subarray(60);
    disk.write(
      inodeOffset(inode),
      structure(INODE_BYTES, [
        [0, 2, type << 12],
        [4, 4, bytes.length],
        [32, 4, flags],
        [40, inline || fastLink ? bytes.subarray(0, 60) : blockArea(bytes)],
        [128, 2, 32],
        ...(inline
          ? ([
              [160, 4, 0xea020000],
              [
                164,
                structure(16, [
                  [0, 1, 4],
                  [1, 1, 7],
                  [2, 2, 24],
                  [8, 4, rest.length],
                ]),
              ],
              [180, "data"],
              [188, rest],
            ] as const)
          : []),
      ]),
    );
  };

  const directory = (
    entries: readonly (readonly [string, number])[],
    parent: number,
    inline: boolean,
  ): Uint8Array => {
    const rowOf = ([name, inode]: readonly [string, number], length: number) => {
      const bytes = utf8Bytes(name);
      return structure(length, [
        [0, 4, inode],
        [4, 2, length],
        [6, 1, bytes.length],
        [8, bytes],
      ]);
    };
    const lengthOf = ([name]: readonly [string, number]) => 8 + Math.ceil(utf8Bytes(name).length / 4) * 4;
    if (inline) {
      const rows = entries.map((entry, index) =>
        rowOf(
          entry,
          index === entries.length - 1
            ? 56 - entries.slice(0, -1).reduce((sum, one) => sum + lengthOf(one), 0)
            : lengthOf(entry),
        ),
      );
      return Uint8Array.from([...structure(4, [[0, 4, parent]]), ...rows.flatMap((row) => [...row])]);
    }
    const blocks: Uint8Array[] = [];
    let rows: (readonly [string, number])[] = [];
    const flush = () => {
      const used = rows.slice(0, -1).reduce((sum, row) => sum + lengthOf(row), 0);
      blocks.push(
        Buffer.concat(
          rows.map((row, index) => rowOf(row, index === rows.length - 1 ? blockBytes - used : lengthOf(row))),
        ),
      );
      rows = [];
    };
    for (const entry of entries) {
      if (rows.reduce((sum, row) => sum + lengthOf(row), lengthOf(entry)) > blockBytes) flush();
      rows.push(entry);
    }
    flush();
    return Buffer.concat(blocks);
  };

  const writeFolder = (path: string, inode: number, parent: number) => {
    const children = new Map<string, number>();
    const prefix = path === "" ? "" : `${path}/`;
    for (const name of childrenOf(files, prefix)) {
      const child = freeInode++;
      children.set(name, child);
      inodes.set(prefix + name, child);
      const file = files[prefix + name];
      if (file === undefined) writeFolder(prefix + name, child, inode);
      else if (typeof file === "object" && "link" in file) writeInode(child, 0xa, latin1Bytes(file.link));
      else writeInode(child, 0x8, typeof file === "string" ? utf8Bytes(file) : file);
    }
    const small =
      layout === "inline" &&
      path !== "" &&
      [...children.keys()].reduce((sum, name) => sum + 12 + name.length, 0) <= 56 &&
      children.size > 0;
    const dots = small
      ? []
      : ([
          [".", inode],
          ["..", parent],
        ] as const);
    writeInode(inode, 0x4, directory([...dots, ...children], parent, small));
  };
  writeFolder("", 2, 2);

  const incompatible =
    0x2 | (layout === "pointers" ? 0 : 0x40) | (wide ? 0x80 : 0) | (layout === "inline" ? 0x8000 : 0);
  disk.write(
    1024,
    structure(1024, [
      [0, 4, INODES],
      [4, 4, blocks],
      [20, 4, firstDataBlock],
      [24, 4, blockBytes === 1024 ? 0 : 2],
      [28, 4, blockBytes === 1024 ? 0 : 2],
      [32, 4, 8 * blockBytes],
      [36, 4, 8 * blockBytes],
      [40, 4, INODES],
      [56, 2, 0xef53],
      [58, 2, 1],
      [76, 4, 1],
      [84, 4, FIRST_FREE_INODE],
      [88, 2, INODE_BYTES],
      [96, 4, incompatible | (options.incompatible ?? 0)],
      [254, 2, wide ? 64 : 0],
    ]),
  );
  disk.write(
    (firstDataBlock + 1) * blockBytes,
    structure(wide ? 64 : 32, [
      [0, 4, tableBlock - 2],
      [4, 4, tableBlock - 1],
      [8, 4, tableBlock],
    ]),
  );
  return { disk, inodeOffset, inodes };
}

function childrenOf(files: Readonly<Record<string, ExtFile>>, prefix: string): string[] {
  const inside = Object.keys(files).filter((path) => path.startsWith(prefix));
  return [...new Set(inside.map((path) => path.slice(prefix.length).split("/")[0]!))];
}
