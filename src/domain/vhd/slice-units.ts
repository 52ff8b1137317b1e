/**
 * The units of a slice: what to fetch from the source for each, and how to make the disk's bytes of what was fetched.
 * Nothing is fetched here. Units without data are not named: a fresh page blob reads zeros there already.
 */
import { ABSENT_BLOCK, SECTOR_BYTES } from "./layout.js";
import type { DynamicSource, Extent, MendingPlan } from "./mending-plan.js";
import { applyBitmap } from "./sector-bitmap.js";
import { writtenWithin } from "./written-grains.js";

export interface Unit {
  /** Counted over the whole disk, absent units included: where a stopped slice goes on. */
  readonly index: number;
  readonly virtualOffset: number;
  readonly length: number;
  /** Ranges of the source, ascending and apart; all of them make the unit. */
  readonly reads: readonly Extent[];
}

/**
 * Ranges of the source this near to each other are fetched in one request, and the bytes between thrown away. Small
 * enough that no table, however it scatters blocks of 4 KiB, makes a unit fetch more than about twice its bytes.
 */
const MERGED_GAP_BYTES = 4 * 1024;

export const sliceCount = (plan: MendingPlan): number => plan.sliceStarts.length;

/** The part of the disk that a slice answers for. */
export function sliceExtent(plan: MendingPlan, slice: number): Extent {
  const offset = plan.sliceStarts[slice];
  if (offset === undefined) throw new RangeError(`There is no slice ${slice} of ${sliceCount(plan)}.`);
  return { offset, length: (plan.sliceStarts[slice + 1] ?? plan.virtualBytes) - offset };
}

/** The units of a slice that hold data, ascending; those before index `fromUnit` are left out. */
export function* sliceUnits(
  plan: MendingPlan,
  slice: number,
  fromUnit = 0,
): Generator<Unit, void, undefined> {
  const { unitBytes, virtualBytes } = plan;
  const { offset, length } = sliceExtent(plan, slice);
  const first = Math.max(fromUnit, offset / unitBytes);
  const end = Math.ceil((offset + length) / unitBytes);
  for (let index = first; index < end; index++) {
    const virtualOffset = index * unitBytes;
    const extent = { offset: virtualOffset, length: Math.min(unitBytes, virtualBytes - virtualOffset) };
    const reads = readsFor(plan, extent);
    if (reads.length > 0) yield { index, virtualOffset, length: extent.length, reads };
  }
}

function readsFor({ source }: MendingPlan, extent: Extent): Extent[] {
  if (source.kind === "linear") return source.written ? writtenWithin(source.written, extent) : [extent];
  const wanted: Extent[] = [];
  for (const { bitmap, data } of blockParts(source, extent)) wanted.push(bitmap, data);
  return mergeNear(wanted.sort((one, other) => one.offset - other.offset));
}

interface BlockPart {
  /** Where the part lies inside the unit. */
  readonly at: number;
  readonly data: Extent;
  /** Begins with the bit of the part's first sector: units and blocks are whole multiples of 8 sectors. */
  readonly bitmap: Extent;
}

function* blockParts(
  source: DynamicSource,
  { offset, length }: Extent,
): Generator<BlockPart, void, undefined> {
  const { blocks, blockBytes, bitmapBytes } = source;
  for (let at = 0; at < length;) {
    const inBlock = (offset + at) % blockBytes;
    const count = Math.min(blockBytes - inBlock, length - at);
    const sector = blocks[Math.floor((offset + at) / blockBytes)] ?? ABSENT_BLOCK;
    if (sector !== ABSENT_BLOCK) {
      const start = sector * SECTOR_BYTES;
      const firstByte = inBlock / SECTOR_BYTES / 8;
      yield {
        at,
        data: { offset: start + bitmapBytes + inBlock, length: count },
        bitmap: { offset: start + firstByte, length: Math.ceil(count / SECTOR_BYTES / 8) },
      };
    }
    at += count;
  }
}

function mergeNear(ascending: readonly Extent[]): Extent[] {
  const merged: Extent[] = [];
  for (const { offset, length } of ascending) {
    const last = merged.at(-1);
    if (last && offset - (last.offset + last.length) <= MERGED_GAP_BYTES) {
      merged[merged.length - 1] = { offset: last.offset, length: offset + length - last.offset };
    } else {
      merged.push({ offset, length });
    }
  }
  return merged;
}

export interface AssembledUnit {
  /** `length` bytes of the disk. May be a view into what was fetched, which is changed where bits are clear. */
  readonly data: Uint8Array;
  /** Sectors never written in which the file holds other bytes than zeros: worth a warning, not an error. */
  readonly staleSectors: number;
}

/** `fetched` holds the bytes of `unit.reads`, in their order. `scratch` saves an allocation where they lie apart. */
export function assembleUnit(
  { source }: MendingPlan,
  unit: Unit,
  fetched: readonly Uint8Array[],
  scratch?: Uint8Array,
): AssembledUnit {
  const find = ({ offset, length }: Extent): Uint8Array => {
    const index = unit.reads.findIndex((read) => offset >= read.offset && offset < read.offset + read.length);
    const start = offset - (unit.reads[index]?.offset ?? 0);
    const bytes = fetched[index]?.subarray(start, start + length);
    if (bytes?.length !== length) throw new RangeError(`Source bytes ${offset}+${length} were not fetched.`);
    return bytes;
  };
  const blank = () => (scratch ?? new Uint8Array(unit.length)).subarray(0, unit.length).fill(0);
  if (source.kind === "linear") {
    const { virtualOffset: offset, length } = unit;
    if (unit.reads[0]?.length === length) return { data: find({ offset, length }), staleSectors: 0 };
    const data = blank();
    for (const read of unit.reads) data.set(find(read), read.offset - offset);
    return { data, staleSectors: 0 };
  }

  const parts = [...blockParts(source, { offset: unit.virtualOffset, length: unit.length })];
  const [only] = parts;
  if (only && only.data.length === unit.length) {
    const data = find(only.data);
    return { data, staleSectors: applyBitmap(data, find(only.bitmap)) };
  }
  const data = blank();
  let staleSectors = 0;
  for (const part of parts) {
    const target = data.subarray(part.at, part.at + part.data.length);
    target.set(find(part.data));
    staleSectors += applyBitmap(target, find(part.bitmap));
  }
  return { data, staleSectors };
}
