/**
 * Which parts of a flat disk hold anything: a bit for each 64 KiB, least significant first. However many ranges an
 * account names, it takes no more room than this (16 MiB for 8 TiB), and what is empty by it is never moved.
 */
import type { Extent } from "./mending-plan.js";

const GRAIN_BYTES = 64 * 1024;
const WORD_BITS = 32;
/** A word of the map; units and steps of plans are whole multiples of it. */
export const WORD_BYTES = GRAIN_BYTES * WORD_BITS;
const ALL = 0xffff_ffff;

export type WrittenGrains = Uint32Array;

export const noneWritten = (sizeBytes: number): WrittenGrains =>
  new Uint32Array(Math.ceil(sizeBytes / WORD_BYTES));

/** What lies past the end of the disk (a footer, padding) is not on it. */
export function markWritten(map: WrittenGrains, sizeBytes: number, { offset, length }: Extent): void {
  if (offset >= sizeBytes) return;
  const end = Math.ceil(Math.min(offset + length, sizeBytes) / GRAIN_BYTES);
  for (let grain = Math.floor(offset / GRAIN_BYTES); grain < end;) {
    const word = Math.floor(grain / WORD_BITS);
    const bit = grain % WORD_BITS;
    const count = Math.min(WORD_BITS - bit, end - grain);
    const bits = count === WORD_BITS ? ALL : ((1 << count) - 1) << bit;
    map[word] = (map[word] ?? 0) | bits;
    grain += count;
  }
}

/** The stretches that hold something within `offset` + `length`, which begins at a word. */
export function writtenWithin(map: WrittenGrains, { offset, length }: Extent): Extent[] {
  const found: Extent[] = [];
  const end = offset + length;
  for (let word = offset / WORD_BYTES; word * WORD_BYTES < end; word++) {
    const bits = map[word] ?? 0;
    for (let bit = 0; bits !== 0 && bit < WORD_BITS; bit++) {
      if (((bits >>> bit) & 1) === 0) continue;
      const at = word * WORD_BYTES + bit * GRAIN_BYTES;
      const size = Math.min(GRAIN_BYTES, end - at);
      const last = found.at(-1);
      if (last && last.offset + last.length === at)
        found[found.length - 1] = { offset: last.offset, length: last.length + size };
      else found.push({ offset: at, length: size });
    }
  }
  return found;
}

/** Whole grains, counted in the words from `first` up to `end`. */
export function writtenBytes(map: WrittenGrains, first = 0, end = map.length): number {
  let grains = 0;
  for (let word = first; word < Math.min(end, map.length); word++)
    for (let bits = map[word] ?? 0; bits !== 0; bits &= bits - 1) grains += 1;
  return grains * GRAIN_BYTES;
}
