/**
 * The bitmap before each block of a dynamic disk: a sector whose bit is 0 was never written and reads as zeros, even
 * where the file has other bytes there. The specification says so; qemu-img and azure-vhd-utils hand out the stale bytes.
 */
import { isZero, SECTOR_BYTES } from "./layout.js";

/**
 * Zeroes, in place, the sectors of `data` whose bits are 0. The first sector of `data` is bit `firstBit` of `bitmap`,
 * counted from the most significant bit of its first byte. Returns how many sectors held stale bytes.
 */
export function applyBitmap(data: Uint8Array, bitmap: Uint8Array, firstBit = 0): number {
  let stale = 0;
  const sectors = Math.ceil(data.length / SECTOR_BYTES);
  for (let sector = 0; sector < sectors; sector++) {
    const bit = firstBit + sector;
    const byte = bitmap[bit >>> 3] ?? 0;
    if (byte === 0xff && (bit & 7) === 0) {
      sector += 7;
      continue;
    }
    if ((byte >>> (7 - (bit & 7))) & 1) continue;
    const unwritten = data.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    if (isZero(unwritten)) continue;
    unwritten.fill(0);
    stale += 1;
  }
  return stale;
}
