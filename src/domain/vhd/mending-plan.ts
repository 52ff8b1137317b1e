/**
 * How a disk gets from the container that was dropped into a fixed page blob: a function of the container alone, so
 * that every attempt makes the same plan. The plan is kept as a blob (plan-file.ts); what travels is a slice's number.
 */
import { mendedSizeBytes } from "./azure-limits.js";
import type { Container, FlatContainer } from "./container.js";
import { ABSENT_BLOCK, FOOTER_BYTES, GIB, MIB } from "./layout.js";
import { WORD_BYTES, writtenBytes, type WrittenGrains } from "./written-grains.js";

export interface DynamicSource {
  readonly kind: "dynamic";
  readonly blockBytes: number;
  readonly bitmapBytes: number;
  readonly blocks: Uint32Array;
}

export interface LinearSource {
  readonly kind: "linear";
  /** What of it holds anything; absent when the source cannot tell. */
  readonly written?: WrittenGrains;
}

export interface MendingPlan {
  /** The disk as it was dropped; from here to `newBytes` there are zeros. */
  readonly virtualBytes: number;
  readonly newBytes: number;
  readonly source: DynamicSource | LinearSource;
  /** What is read, hashed and written at a time: a whole number of tree-hash leaves, at most one Put Page. */
  readonly unitBytes: number;
  /** Virtual offsets, ascending from 0; a slice ends where the next begins, the last at the end of the disk. */
  readonly sliceStarts: readonly number[];
}

export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface PlanOptions {
  /** How many source bytes one activity moves at most: 1 GiB takes 17 s at a page blob's 60 MiB/s. */
  readonly maxSliceSourceBytes?: number;
  /** What a page blob's own ranges say. */
  readonly written?: WrittenGrains;
}

const SMALL_UNIT_BYTES = 2 * MIB;
const LARGE_UNIT_BYTES = 4 * MIB;
/** Slices begin at multiples of this, which every unit size and block of up to 4 MiB divides. */
const SLICE_STEP_BYTES = 4 * MIB;

export function planMending(container: Container, options: PlanOptions = {}): MendingPlan {
  const { virtualBytes } = container;
  const isDynamic = container.kind === "dynamic";
  const unitBytes =
    isDynamic && container.blockBytes <= SMALL_UNIT_BYTES ? SMALL_UNIT_BYTES : LARGE_UNIT_BYTES;
  const { written } = options;
  const source = isDynamic
    ? dynamicSource(container)
    : ({ kind: "linear", ...(written === undefined ? {} : { written }) } as const);
  return {
    virtualBytes,
    newBytes: mendedSizeBytes(virtualBytes),
    source,
    unitBytes,
    sliceStarts: cutSlices(virtualBytes, source, options.maxSliceSourceBytes ?? GIB),
  };
}

const dynamicSource = ({ blockBytes, bitmapBytes, blocks }: Omit<DynamicSource, "kind">): DynamicSource => ({
  kind: "dynamic",
  blockBytes,
  bitmapBytes,
  blocks,
});

function cutSlices(
  virtualBytes: number,
  source: DynamicSource | LinearSource,
  maxSourceBytes: number,
): number[] {
  const starts = [0];
  let inSlice = 0;
  const sourceBytes = sourceBytesByStep(virtualBytes, source);
  for (let step = 0; step * SLICE_STEP_BYTES < virtualBytes; step++) {
    const inStep = sourceBytes(step);
    if (inSlice > 0 && inSlice + inStep > maxSourceBytes) {
      starts.push(step * SLICE_STEP_BYTES);
      inSlice = 0;
    }
    inSlice += inStep;
  }
  return starts;
}

/** How many bytes of the source each step of 4 MiB takes; bitmaps of blocks larger than a step are not worth counting. */
function sourceBytesByStep(
  virtualBytes: number,
  source: DynamicSource | LinearSource,
): (step: number) => number {
  if (source.kind === "linear") {
    const { written } = source;
    const words = SLICE_STEP_BYTES / WORD_BYTES;
    return written
      ? (step) => writtenBytes(written, step * words, (step + 1) * words)
      : () => SLICE_STEP_BYTES;
  }
  const { blockBytes, bitmapBytes, blocks } = source;
  return (step) => {
    const end = Math.min((step + 1) * SLICE_STEP_BYTES, virtualBytes);
    let bytes = 0;
    for (let at = step * SLICE_STEP_BYTES; at < end;) {
      const block = Math.floor(at / blockBytes);
      const next = Math.min((block + 1) * blockBytes, end);
      if (blocks[block] !== ABSENT_BLOCK) bytes += next - at + bitmapBytes;
      at = next;
    }
    return bytes;
  };
}

/** The second way: the bytes lie right, and a server-side copy of the file only ends wrongly. In this order. */
export interface EndPatch {
  readonly resizeToBytes: number;
  /** What was footer or padding and is now inside the disk. */
  readonly clear?: Extent;
  readonly footerOffset: number;
}

export function planEndPatch({ virtualBytes, fileBytes }: FlatContainer): EndPatch {
  const newBytes = mendedSizeBytes(virtualBytes);
  const clearBytes = Math.min(fileBytes, newBytes) - virtualBytes;
  return {
    resizeToBytes: newBytes + FOOTER_BYTES,
    ...(clearBytes > 0 && { clear: { offset: virtualBytes, length: clearBytes } }),
    footerOffset: newBytes,
  };
}
