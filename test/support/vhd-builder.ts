/**
 * Makes VHD files byte by byte from Microsoft's specification, and makes them wrong on request. It shares no code with
 * src/domain/vhd, so that a misreading there cannot be repeated here.
 */
export const SECTOR = 512;
export const MIB = 1 << 20;
const UNUSED = 0xffffffffffffffffn;

export interface FooterParts {
  size?: bigint | number;
  originalSize?: bigint | number;
  type?: number;
  version?: number;
  dataOffset?: bigint;
  creator?: string;
  savedState?: number;
  geometry?: [cylinders: number, heads: number, sectors: number];
  uuid?: string;
  /** Added to the right checksum. */
  checksumError?: number;
}

export function footerBytes(parts: FooterParts): Buffer {
  const b = Buffer.alloc(512);
  const size = BigInt(parts.size ?? 0);
  b.write("conectix", 0, "latin1");
  b.writeUInt32BE(2, 8);
  b.writeUInt32BE(parts.version ?? 0x00010000, 12);
  b.writeBigUInt64BE(parts.dataOffset ?? UNUSED, 16);
  b.writeUInt32BE(0x29b92700, 24);
  b.write(parts.creator ?? "win ", 28, "latin1");
  b.writeUInt32BE(0x000a0000, 32);
  b.write("Wi2k", 36, "latin1");
  b.writeBigUInt64BE(BigInt(parts.originalSize ?? size), 40);
  b.writeBigUInt64BE(size, 48);
  const [cylinders, heads, sectors] = parts.geometry ?? usualGeometry(Number(size));
  b.writeUInt16BE(cylinders, 56);
  b.writeUInt8(heads, 58);
  b.writeUInt8(sectors, 59);
  b.writeUInt32BE(parts.type ?? 2, 60);
  b.write(parts.uuid ?? "00112233445566778899aabbccddeeff", 68, "hex");
  b.writeUInt8(parts.savedState ?? 0, 84);
  b.writeUInt32BE((sumComplement(b) + (parts.checksumError ?? 0)) >>> 0, 64);
  return b;
}

/** The appendix "CHS Calculation" of the specification. */
function usualGeometry(size: number): [number, number, number] {
  const sectors = Math.min(Math.floor(size / SECTOR), 65535 * 16 * 255);
  const with16Heads = (perTrack: number): [number, number, number] => [
    Math.floor(Math.floor(sectors / perTrack) / 16),
    16,
    perTrack,
  ];
  if (sectors >= 65535 * 16 * 63) return with16Heads(255);
  const tracks = Math.floor(sectors / 17);
  const heads = Math.max(4, Math.ceil(tracks / 1024));
  if (heads <= 16 && tracks < heads * 1024) return [Math.floor(tracks / heads), heads, 17];
  return Math.floor(sectors / 31) < 16 * 1024 ? with16Heads(31) : with16Heads(63);
}

export interface HeaderParts {
  cookie?: string;
  tableOffset?: bigint | number;
  version?: number;
  entries?: number;
  blockSize?: number;
  parentName?: string;
  checksumError?: number;
}

export function headerBytes(parts: HeaderParts): Buffer {
  const b = Buffer.alloc(1024);
  b.write(parts.cookie ?? "cxsparse", 0, "latin1");
  b.writeBigUInt64BE(UNUSED, 8);
  b.writeBigUInt64BE(BigInt(parts.tableOffset ?? 1536), 16);
  b.writeUInt32BE(parts.version ?? 0x00010000, 24);
  b.writeUInt32BE(parts.entries ?? 0, 28);
  b.writeUInt32BE(parts.blockSize ?? 2 * MIB, 32);
  if (parts.parentName) Buffer.from(parts.parentName, "utf16le").swap16().copy(b, 64, 0, 512);
  b.writeUInt32BE((sumComplement(b) + (parts.checksumError ?? 0)) >>> 0, 36);
  return b;
}

/** Ones' complement of the byte sum; callers leave the checksum field zero until they have it. */
function sumComplement(bytes: Buffer): number {
  return ~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0;
}

/** Makes the checksum right again after somebody wrote into the footer at `at` (the header likewise). */
export const resealFooter = (file: Buffer, at: number): void => reseal(file.subarray(at, at + 512), 64);
export const resealHeader = (file: Buffer, at: number): void => reseal(file.subarray(at, at + 1024), 36);

function reseal(structure: Buffer, field: number): void {
  if (structure.length < field + 4) return;
  structure.writeUInt32BE(0, field);
  structure.writeUInt32BE(sumComplement(structure), field);
}

export interface FixedParts {
  disk: Uint8Array;
  footer?: FooterParts;
  /** 511 for the old short form. */
  footerLength?: number;
  /** Zeros after the footer. */
  padding?: number;
}

export function fixedVhd({ disk, footer = {}, footerLength = 512, padding = 0 }: FixedParts): Buffer {
  const tail = footerBytes({ size: disk.length, ...footer }).subarray(0, footerLength);
  return Buffer.concat([disk, tail, Buffer.alloc(padding)]);
}

const ZEROS = Buffer.alloc(4 * MIB);

/** `every` over megabytes takes seconds; memcmp does not. */
export function isAllZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (!part.equals(ZEROS.subarray(0, part.length))) return false;
  }
  return true;
}

export interface DynamicParts {
  /** The logical disk; blocks that are all zero are left out unless `keepZeroBlocks`. */
  disk: Uint8Array;
  blockSize?: number;
  tableOffset?: number;
  /** Table entries beyond those needed. */
  slack?: number;
  /** Places blocks in the file last to first. */
  reversed?: boolean;
  keepZeroBlocks?: boolean;
  /** Marks only non-zero sectors as written; the others get `stale` bytes in the file. */
  sparseBitmap?: boolean;
  stale?: number;
  footer?: FooterParts;
  header?: HeaderParts;
  headFooter?: FooterParts | "absent";
  tailFooter?: FooterParts | "absent";
  /** Last word on the table, after placing. */
  alterTable?: (table: number[]) => void;
}

export function dynamicVhd(parts: DynamicParts): Buffer {
  const blockSize = parts.blockSize ?? 2 * MIB;
  const bitmapSize = Math.ceil(blockSize / SECTOR / 8 / SECTOR) * SECTOR;
  const tableOffset = parts.tableOffset ?? 1536;
  const needed = Math.ceil(parts.disk.length / blockSize);
  const table = new Array<number>(needed + (parts.slack ?? 0)).fill(0xffffffff);
  const tableSize = Math.ceil((table.length * 4) / SECTOR) * SECTOR;

  const blocks: Buffer[] = [];
  let next = tableOffset + tableSize;
  const order = [...Array(needed).keys()];
  for (const index of parts.reversed ? order.reverse() : order) {
    const content = Buffer.alloc(blockSize);
    content.set(parts.disk.subarray(index * blockSize, (index + 1) * blockSize));
    if (!parts.keepZeroBlocks && isAllZero(content)) continue;
    const bitmap = Buffer.alloc(bitmapSize);
    for (let sector = 0; sector < blockSize / SECTOR; sector++) {
      const bytes = content.subarray(sector * SECTOR, (sector + 1) * SECTOR);
      const written = !parts.sparseBitmap || !isAllZero(bytes);
      if (written) bitmap[sector >> 3] = (bitmap[sector >> 3] ?? 0) | (0x80 >> (sector & 7));
      else bytes.fill(parts.stale ?? 0);
    }
    table[index] = next / SECTOR;
    blocks.push(bitmap, content);
    next += bitmapSize + blockSize;
  }
  parts.alterTable?.(table);

  const footer: FooterParts = { size: parts.disk.length, type: 3, dataOffset: 512n, ...parts.footer };
  const ends = (own: FooterParts | "absent" | undefined) =>
    own === "absent" ? Buffer.alloc(0) : footerBytes({ ...footer, ...own });
  const head = Buffer.alloc(512);
  ends(parts.headFooter).copy(head);
  const meta = Buffer.alloc(tableOffset + tableSize);
  head.copy(meta);
  headerBytes({ tableOffset, entries: table.length, blockSize, ...parts.header }).copy(meta, 512);
  table.forEach((sector, index) => meta.writeUInt32BE(sector, tableOffset + index * 4));
  return Buffer.concat([meta, ...blocks, ends(parts.tailFooter)]);
}

/** A disk of `size` bytes with pseudo-random `runs` of data, never zero in them; the same for the same seed. */
export function diskWith(size: number, runs: readonly { at: number; length: number }[], seed = 1): Buffer {
  const disk = Buffer.alloc(size);
  let state = seed;
  for (const { at, length } of runs) {
    for (let i = at; i < Math.min(size, at + length); i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      disk[i] = (state >>> 24) | 1;
    }
  }
  return disk;
}
