/**
 * FAT12, FAT16 and FAT32, read-only (Microsoft "FAT: General Overview of On-Disk Format", version 1.03): the EFI
 * system partition. Allocation chains are walked only as far as bytes are asked for, never in a circle.
 */
import type { RangeReader } from "../range-reader.js";
import { type FatEntry, parseFatDirectory } from "./fat-directory.js";
import { isPowerOfTwo, readFields, uint } from "./fields.js";
import type { FileTree, TreeNode } from "./file-tree.js";
import { readInside } from "./slices.js";

const BOOT_SECTOR_BYTES = 512;
const BOOT_SECTOR = {
  jump: [0, 1],
  bytesPerSector: [11, 2],
  sectorsPerCluster: [13, 1],
  reservedSectors: [14, 2],
  fatCount: [16, 1],
  rootEntries: [17, 2],
  sectors16: [19, 2],
  media: [21, 1],
  fatSectors16: [22, 2],
  sectors32: [32, 4],
  fatSectors32: [36, 4],
  rootCluster: [44, 4],
  signature: [510, 2],
} as const;

const ROOT_ENTRY_BYTES = 32;
/** Cluster counts from which a volume is FAT16 and FAT32 ("FAT Type Determination"). */
const FAT16_CLUSTERS = 4085;
const FAT32_CLUSTERS = 65525;

/** 65536 entries are legal in one directory; one in a system partition has a dozen. */
const MAX_DIRECTORY_BYTES = 256 * 1024;
/** Only heads of files and capped directories are read: in clusters of 512 bytes, the cap takes 512 steps. */
const MAX_CHAIN_STEPS = 1024;
/** The allocation table is fetched in pieces of this size. */
const TABLE_PIECE_BYTES = 4096;

interface Volume {
  readonly reader: RangeReader;
  readonly width: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly clusterCount: number;
  readonly tableOffset: number;
  readonly rootOffset: number;
  readonly rootBytes: number;
  readonly rootCluster: number;
  readonly dataOffset: number;
}

function volumeOf(reader: RangeReader, sector: Uint8Array): Volume | undefined {
  const boot = readFields(BOOT_SECTOR, sector);
  const plausible =
    boot.signature === 0xaa55 &&
    (boot.jump === 0xeb || boot.jump === 0xe9) &&
    isPowerOfTwo(boot.bytesPerSector) &&
    boot.bytesPerSector >= 512 &&
    boot.bytesPerSector <= 4096 &&
    isPowerOfTwo(boot.sectorsPerCluster) &&
    boot.reservedSectors > 0 &&
    (boot.fatCount === 1 || boot.fatCount === 2) &&
    (boot.media === 0xf0 || boot.media >= 0xf8);
  if (!plausible) return undefined;
  const fatSectors = boot.fatSectors16 === 0 ? boot.fatSectors32 : boot.fatSectors16;
  const sectors = boot.sectors16 === 0 ? boot.sectors32 : boot.sectors16;
  const rootSectors = Math.ceil((boot.rootEntries * ROOT_ENTRY_BYTES) / boot.bytesPerSector);
  const rootSector = boot.reservedSectors + boot.fatCount * fatSectors;
  const dataSector = rootSector + rootSectors;
  const clusterCount = Math.floor((sectors - dataSector) / boot.sectorsPerCluster);
  if (fatSectors === 0 || clusterCount < 1) return undefined;
  return {
    reader,
    width: clusterCount < FAT16_CLUSTERS ? 12 : clusterCount < FAT32_CLUSTERS ? 16 : 32,
    clusterBytes: boot.sectorsPerCluster * boot.bytesPerSector,
    clusterCount,
    tableOffset: boot.reservedSectors * boot.bytesPerSector,
    rootOffset: rootSector * boot.bytesPerSector,
    rootBytes: boot.rootEntries * ROOT_ENTRY_BYTES,
    rootCluster: boot.rootCluster,
    dataOffset: dataSector * boot.bytesPerSector,
  };
}

/** Undefined where the boot sector is not one of FAT. */
export async function openFat(reader: RangeReader): Promise<FileTree | undefined> {
  const sector = await readInside(reader, 0, BOOT_SECTOR_BYTES);
  const volume = sector && volumeOf(reader, sector);
  if (!volume) return undefined;
  const nextCluster = allocationTable(volume);
  const root =
    volume.rootBytes > 0
      ? directoryNode(volume, nextCluster, () =>
          readAvailable(volume.reader, volume.rootOffset, Math.min(volume.rootBytes, MAX_DIRECTORY_BYTES)),
        )
      : clusterDirectory(volume, nextCluster, volume.rootCluster);
  return { filesystem: `fat${volume.width}`, root };
}

type NextCluster = (cluster: number) => Promise<number | undefined>;

const readAvailable = async (reader: RangeReader, offset: number, length: number): Promise<Uint8Array> =>
  (await readInside(reader, offset, length)) ?? new Uint8Array(0);

/** What follows a cluster; undefined at the end of a chain, at a bad cluster, and where the table is broken. */
function allocationTable(volume: Volume): NextCluster {
  const pieces = new Map<number, Uint8Array>();
  async function byteAt(offset: number): Promise<number | undefined> {
    const index = Math.floor(offset / TABLE_PIECE_BYTES);
    let piece = pieces.get(index);
    if (!piece) {
      const start = volume.tableOffset + index * TABLE_PIECE_BYTES;
      piece = await readAvailable(
        volume.reader,
        start,
        Math.min(TABLE_PIECE_BYTES, Math.max(0, volume.reader.sizeBytes - start)),
      );
      pieces.set(index, piece);
    }
    return piece[offset % TABLE_PIECE_BYTES];
  }
  return async (cluster) => {
    const at = Math.floor((cluster * volume.width) / 8);
    const bytes: number[] = [];
    for (let index = 0; index < Math.ceil(volume.width / 8); index++) {
      const byte = await byteAt(at + index);
      if (byte === undefined) return undefined;
      bytes.push(byte);
    }
    const raw = uint(Uint8Array.from(bytes), 0, bytes.length);
    // FAT12 packs two entries into three bytes; FAT32 keeps its top four bits for itself.
    const next =
      volume.width === 12
        ? cluster % 2 === 0
          ? raw & 0xfff
          : raw >>> 4
        : volume.width === 16
          ? raw
          : raw % 2 ** 28;
    return next >= 2 && next < volume.clusterCount + 2 ? next : undefined;
  };
}

/** Bytes `offset…offset+length` of the chain that begins at `first`, as far as it goes. */
async function readChain(
  volume: Volume,
  nextCluster: NextCluster,
  first: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const { clusterBytes } = volume;
  const bytes = new Uint8Array(length);
  const visited = new Set<number>();
  let filled = 0;
  let cluster: number | undefined = first;
  for (let at = 0; filled < length && cluster !== undefined && cluster >= 2; at += clusterBytes) {
    if (visited.has(cluster) || visited.size === MAX_CHAIN_STEPS || cluster >= volume.clusterCount + 2) break;
    visited.add(cluster);
    if (at + clusterBytes > offset + filled) {
      const skip = offset + filled - at;
      const wanted = Math.min(clusterBytes - skip, length - filled);
      const start = volume.dataOffset + (cluster - 2) * clusterBytes + skip;
      const part = await readInside(volume.reader, start, wanted);
      if (!part) break;
      bytes.set(part, filled);
      filled += wanted;
    }
    cluster = filled < length ? await nextCluster(cluster) : undefined;
  }
  return bytes.subarray(0, filled);
}

const clusterDirectory = (volume: Volume, nextCluster: NextCluster, cluster: number): TreeNode =>
  directoryNode(volume, nextCluster, () => readChain(volume, nextCluster, cluster, 0, MAX_DIRECTORY_BYTES));

function directoryNode(
  volume: Volume,
  nextCluster: NextCluster,
  readAll: () => Promise<Uint8Array>,
): TreeNode {
  let entries: Promise<FatEntry[]> | undefined;
  const list = () => (entries ??= readAll().then(parseFatDirectory));
  const nodeOf = ({ directory, cluster, sizeBytes }: FatEntry): TreeNode =>
    directory
      ? clusterDirectory(volume, nextCluster, cluster)
      : fileNode(volume, nextCluster, cluster, sizeBytes);
  return {
    kind: "directory",
    sizeBytes: 0,
    read: () => Promise.resolve(new Uint8Array(0)),
    async child(name) {
      const wanted = name.toUpperCase();
      const entry = (await list()).find((one) => one.names.some((known) => known.toUpperCase() === wanted));
      return entry && nodeOf(entry);
    },
    names: async () => (await list()).map(({ names }) => names[0] ?? ""),
  };
}

const fileNode = (
  volume: Volume,
  nextCluster: NextCluster,
  cluster: number,
  sizeBytes: number,
): TreeNode => ({
  kind: "file",
  sizeBytes,
  read: (offset, length) =>
    readChain(volume, nextCluster, cluster, offset, Math.max(0, Math.min(length, sizeBytes - offset))),
  child: () => Promise.resolve(undefined),
  names: () => Promise.resolve([]),
});
