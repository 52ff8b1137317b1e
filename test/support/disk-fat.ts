/** FAT12/16/32 volumes (Microsoft FAT specification 1.03) with long names, made without the code under test. */
import { latin1Bytes, SECTOR, SparseDisk, structure, utf16Bytes } from "./disk-builder.js";

export type FatWidth = 12 | 16 | 32;
export type FatFiles = Readonly<Record<string, Uint8Array>>;

/** Cluster counts in the middle of what each width may have. */
const CLUSTERS: Readonly<Record<FatWidth, number>> = { 12: 2000, 16: 5000, 32: 70000 };
const ROOT_ENTRIES = 512;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, Uint8Array>;
}

export interface FatVolume {
  readonly disk: SparseDisk;
  /** Where a chain's next-cluster entry is, for those who want to bend it. */
  readonly tableOffset: number;
  readonly clusterOffset: (cluster: number) => number;
  /** First clusters by upper-case path. */
  readonly clusters: ReadonlyMap<string, number>;
}

export function fatVolume(width: FatWidth, files: FatFiles): FatVolume {
  const clusterCount = CLUSTERS[width];
  const reserved = width === 32 ? 32 : 1;
  const tableSectors = Math.ceil(((clusterCount + 2) * width) / 8 / SECTOR);
  const rootSectors = width === 32 ? 0 : (ROOT_ENTRIES * 32) / SECTOR;
  const rootOffset = (reserved + 2 * tableSectors) * SECTOR;
  const dataOffset = rootOffset + rootSectors * SECTOR;
  const sectors = dataOffset / SECTOR + clusterCount;
  const clusterOffset = (cluster: number) => dataOffset + (cluster - 2) * SECTOR;
  const disk = new SparseDisk(sectors * SECTOR);
  const next = new Map<number, number>();
  const clusters = new Map<string, number>();
  let free = 2;

  const store = (bytes: Uint8Array): number => {
    const count = Math.max(1, Math.ceil(bytes.length / SECTOR));
    const first = free;
    free += count;
    for (let index = 0; index < count; index++)
      next.set(first + index, index + 1 < count ? first + index + 1 : -1);
    disk.write(clusterOffset(first), bytes);
    return first;
  };
  const storeFolder = (folder: Folder, path: string, isRoot: boolean): Uint8Array | number => {
    const entries: Uint8Array[] = isRoot
      ? [shortEntry("ESP", 0x08, 0, 0)]
      : [shortEntry(".", 0x10, 0, 0), shortEntry("..", 0x10, 0, 0)];
    let serial = 0;
    const add = (name: string, attributes: number, cluster: number, size: number) => {
      clusters.set(`${path}${name}`.toUpperCase(), cluster);
      entries.push(...namedEntries(name, attributes, cluster, size, serial++));
    };
    for (const [name, child] of folder.folders) {
      add(name, 0x10, storeFolder(child, `${path}${name}/`, false) as number, 0);
    }
    for (const [name, bytes] of folder.files) add(name, 0x20, store(bytes), bytes.length);
    const bytes = Buffer.concat(entries);
    return isRoot && width !== 32 ? bytes : store(bytes);
  };

  const root = storeFolder(folderOf(files), "", true);
  if (typeof root !== "number") disk.write(rootOffset, root);
  const table = new Uint8Array(tableSectors * SECTOR);
  for (const [cluster, following] of [[0, 2 ** Math.min(width, 28) - 8], [1, -1], ...next] as [
    number,
    number,
  ][])
    setNext(table, width, cluster, following);
  disk.write(reserved * SECTOR, table).write((reserved + tableSectors) * SECTOR, table);
  disk.write(
    0,
    structure(SECTOR, [
      [0, "\xeb\x58\x90MSDOS5.0"],
      [11, 2, SECTOR],
      [13, 1, 1],
      [14, 2, reserved],
      [16, 1, 2],
      [17, 2, width === 32 ? 0 : ROOT_ENTRIES],
      [19, 2, sectors < 65536 ? sectors : 0],
      [21, 1, 0xf8],
      [22, 2, width === 32 ? 0 : tableSectors],
      [24, 2, 63],
      [26, 2, 16],
      [32, 4, sectors < 65536 ? 0 : sectors],
      ...(width === 32
        ? ([
            [36, 4, tableSectors],
            [44, 4, root as number],
          ] as const)
        : []),
      [510, 2, 0xaa55],
    ]),
  );
  return { disk, tableOffset: reserved * SECTOR, clusterOffset, clusters };
}

function folderOf(files: FatFiles): Folder {
  const root: Folder = { folders: new Map(), files: new Map() };
  for (const [path, bytes] of Object.entries(files)) {
    const parts = path.split("/");
    const name = parts.pop()!;
    let folder = root;
    for (const part of parts) {
      const known = folder.folders.get(part) ?? { folders: new Map(), files: new Map() };
      folder.folders.set(part, known);
      folder = known;
    }
    folder.files.set(name, bytes);
  }
  return root;
}

export function setNext(table: Uint8Array, width: FatWidth, cluster: number, following: number): void {
  const value = following < 0 ? 2 ** Math.min(width, 28) - 1 : following;
  if (width === 12) {
    const at = Math.floor(cluster * 1.5);
    const pair = table[at]! | (table[at + 1]! << 8);
    const merged = cluster % 2 === 0 ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4);
    table.set([merged & 0xff, merged >>> 8], at);
  } else {
    table.set(structure(width / 8, [[0, width / 8, value]]), (cluster * width) / 8);
  }
}

function shortEntry(name: string, attributes: number, cluster: number, size: number): Uint8Array {
  const [base = "", extension = ""] = name.startsWith(".") ? [name] : name.split(".");
  return structure(32, [
    [0, base.padEnd(8) + extension.padEnd(3)],
    [11, 1, attributes],
    [20, 2, cluster >>> 16],
    [26, 2, cluster & 0xffff],
    [28, 4, size],
  ]);
}

function namedEntries(
  name: string,
  attributes: number,
  cluster: number,
  size: number,
  serial: number,
): Uint8Array[] {
  const fitsShort = /^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?$/.test(name);
  const [base = "", extension = ""] = name.toUpperCase().split(".");
  const short = fitsShort
    ? name
    : `${base.slice(0, 5)}~${serial}${extension ? `.${extension.slice(0, 3)}` : ""}`;
  const entry = shortEntry(short, attributes, cluster, size);
  if (fitsShort) return [entry];
  const checksum = entry
    .subarray(0, 11)
    .reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
  const count = Math.ceil(name.length / 13);
  const longs = Array.from({ length: count }, (_, index) => {
    const part = name.slice(index * 13, index * 13 + 13);
    const units = Buffer.alloc(26, 0xff);
    units.set(utf16Bytes(part.length < 13 ? `${part}\0` : part));
    return structure(32, [
      [0, 1, index + 1 + (index + 1 === count ? 0x40 : 0)],
      [1, units.subarray(0, 10)],
      [11, 1, 0x0f],
      [13, 1, checksum],
      [14, units.subarray(10, 22)],
      [28, units.subarray(22, 26)],
    ]);
  });
  return [...longs.reverse(), entry];
}

export const STUB = latin1Bytes("MZ\x90stub");
