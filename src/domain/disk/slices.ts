/**
 * Reading where an untrusted structure points: outside is an answer (`undefined`), not an exception, and there is
 * an end to how much one inspection may read, however the structures chase each other.
 */
import { type RangeReader, assertInRange } from "../range-reader.js";
import { ReadBudgetExceeded } from "../reading-budget.js";

/** The bytes `offset…offset+sizeBytes` of a reader, as a reader: a partition of a disk. */
export function slice(source: RangeReader, offset: number, sizeBytes: number): RangeReader {
  assertInRange(source, offset, sizeBytes);
  const reader: RangeReader = {
    sizeBytes,
    async read(at, length) {
      assertInRange(reader, at, length);
      return source.read(offset + at, length);
    },
  };
  return reader;
}

/** Exactly `length` bytes, or undefined where the range is not wholly inside. */
export async function readInside(
  reader: RangeReader,
  offset: number,
  length: number,
): Promise<Uint8Array | undefined> {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    length <= reader.sizeBytes - offset;
  return inside ? reader.read(offset, length) : undefined;
}

/** What is there of the range: fewer bytes at the end of the reader, none beyond it. */
export async function readUpTo(reader: RangeReader, offset: number, length: number): Promise<Uint8Array> {
  return (
    (await readInside(reader, offset, Math.min(length, Math.max(0, reader.sizeBytes - offset)))) ??
    new Uint8Array(0)
  );
}

export interface InspectionLimits {
  readonly maxReads: number;
  readonly maxBytes: number;
}

/** Ends an inspection by ReadBudgetExceeded. Counts what is asked for: a window cache above answers most of it. */
export function limitedReader(source: RangeReader, limits: InspectionLimits): RangeReader {
  let reads = 0;
  let bytes = 0;
  return {
    sizeBytes: source.sizeBytes,
    async read(offset, length) {
      reads += 1;
      bytes += length;
      if (reads > limits.maxReads || bytes > limits.maxBytes) {
        throw new ReadBudgetExceeded(
          `The inspection asked for ${reads} reads and ${bytes} bytes; its limits are ${limits.maxReads} and ${limits.maxBytes}.`,
        );
      }
      return source.read(offset, length);
    },
  };
}
