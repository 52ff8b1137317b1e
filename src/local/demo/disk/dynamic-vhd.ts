/** A dynamic VHD as a stream of bytes, in file order (Microsoft's VHD specification 1.0; all fields big-endian). */
import type { Extent } from "./extent.js";
import { readExtents } from "./extent.js";

const SECTOR_BYTES = 512;
export const BLOCK_BYTES = 2 * 1024 * 1024;
const BITMAP_BYTES = BLOCK_BYTES / SECTOR_BYTES / 8;
const HEADER_BYTES = 1024;
const BAT_OFFSET = SECTOR_BYTES + HEADER_BYTES;
const ABSENT = 0xffff_ffff;
const NO_OFFSET = 0xffff_ffff_ffff_ffffn;
/** 2026-01-01, in seconds since 2000-01-01: the same file in every run. */
const TIMESTAMP = 820_454_400;

export interface VirtualDiskPlan {
  /** A multiple of 2 MiB. */
  readonly sizeBytes: number;
  /** 16 bytes. */
  readonly id: Buffer;
  readonly extents: readonly Extent[];
}

export interface DynamicVhd {
  readonly fileBytes: number;
  /** Numbers of the blocks that are there, ascending. */
  readonly blocks: readonly number[];
  stream(): Generator<Buffer>;
}

export function dynamicVhd(disk: VirtualDiskPlan): DynamicVhd {
  if (disk.sizeBytes % BLOCK_BYTES !== 0) throw new RangeError("The maker takes whole blocks of 2 MiB only.");
  const blockCount = disk.sizeBytes / BLOCK_BYTES;
  const present = presentBlocks(disk.extents);
  const bat = Buffer.alloc(Math.ceil((blockCount * 4) / SECTOR_BYTES) * SECTOR_BYTES, 0xff);
  let sector = (BAT_OFFSET + bat.length) / SECTOR_BYTES;
  for (let block = 0; block < blockCount; block++) {
    bat.writeUInt32BE(present.has(block) ? sector : ABSENT, block * 4);
    if (present.has(block)) sector += (BITMAP_BYTES + BLOCK_BYTES) / SECTOR_BYTES;
  }
  const blocks = [...present].sort((a, b) => a - b);
  const footer = footerOf(disk);
  return {
    fileBytes: sector * SECTOR_BYTES + footer.length,
    blocks,
    *stream() {
      yield Buffer.concat([footer, headerOf(blockCount), bat]);
      for (const block of blocks) yield blockOf(disk.extents, block);
      yield footer;
    },
  };
}

function presentBlocks(extents: readonly Extent[]): Set<number> {
  const blocks = new Set<number>();
  for (const { offset, length } of extents)
    for (let at = Math.floor(offset / BLOCK_BYTES); at * BLOCK_BYTES < offset + length; at++) blocks.add(at);
  return blocks;
}

/** The bitmap says which sectors were ever written: those that an extent touches, and no others. */
function blockOf(extents: readonly Extent[], block: number): Buffer {
  const start = block * BLOCK_BYTES;
  const inside = extents.filter((x) => x.offset < start + BLOCK_BYTES && x.offset + x.length > start);
  const bitmap = Buffer.alloc(BITMAP_BYTES);
  for (const { offset, length } of inside) {
    const first = Math.floor(Math.max(0, offset - start) / SECTOR_BYTES);
    const end = Math.ceil(Math.min(BLOCK_BYTES, offset + length - start) / SECTOR_BYTES);
    for (let at = first; at < end; at++) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (0x80 >> (at & 7));
  }
  return Buffer.concat([bitmap, readExtents(inside, start, BLOCK_BYTES)]);
}

function footerOf({ sizeBytes, id }: VirtualDiskPlan): Buffer {
  const footer = Buffer.alloc(SECTOR_BYTES);
  footer.write("conectix", 0, "latin1");
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x0001_0000, 12);
  footer.writeBigUInt64BE(BigInt(SECTOR_BYTES), 16);
  footer.writeUInt32BE(TIMESTAMP, 24);
  footer.write("demo", 28, "latin1");
  footer.writeUInt32BE(0x0001_0000, 32);
  footer.write("Wi2k", 36, "latin1");
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  const { cylinders, heads, sectorsPerTrack } = geometryOf(sizeBytes / SECTOR_BYTES);
  footer.writeUInt16BE(cylinders, 56);
  footer.writeUInt8(heads, 58);
  footer.writeUInt8(sectorsPerTrack, 59);
  footer.writeUInt32BE(3, 60);
  id.copy(footer, 68);
  footer.writeUInt32BE(checksumOf(footer), 64);
  return footer;
}

function headerOf(blockCount: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("cxsparse", 0, "latin1");
  header.writeBigUInt64BE(NO_OFFSET, 8);
  header.writeBigUInt64BE(BigInt(BAT_OFFSET), 16);
  header.writeUInt32BE(0x0001_0000, 24);
  header.writeUInt32BE(blockCount, 28);
  header.writeUInt32BE(BLOCK_BYTES, 32);
  header.writeUInt32BE(checksumOf(header), 36);
  return header;
}

/** One's complement of the sum of all bytes, with the checksum field (still zero here) left out. */
const checksumOf = (bytes: Buffer): number => ~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0;

/** The specification's appendix "CHS calculation". */
function geometryOf(sectors: number): { cylinders: number; heads: number; sectorsPerTrack: number } {
  const total = Math.min(sectors, 65535 * 16 * 255);
  const of = (heads: number, sectorsPerTrack: number) => ({
    cylinders: Math.floor(Math.floor(total / sectorsPerTrack) / heads),
    heads,
    sectorsPerTrack,
  });
  if (total >= 65535 * 16 * 63) return of(16, 255);
  const heads17 = Math.max(4, Math.ceil(Math.floor(total / 17) / 1024));
  if (heads17 <= 16 && Math.floor(total / 17) < heads17 * 1024) return of(heads17, 17);
  const track31 = Math.floor(total / 31);
  return track31 < 16 * 1024 ? of(16, 31) : of(16, 63);
}
