/** Files too large to make: their bytes are a function of the offset, and every read is counted. */
import { assertInRange, type RangeReader } from "../../src/domain/range-reader.js";

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface CountingReader extends RangeReader {
  readonly reads: { offset: number; length: number }[];
}

/** Zeros but for the pieces. */
export function syntheticReader(sizeBytes: number, pieces: readonly Piece[]): CountingReader {
  const reads: { offset: number; length: number }[] = [];
  const reader: CountingReader = {
    sizeBytes,
    reads,
    read(offset, length) {
      assertInRange(reader, offset, length);
      reads.push({ offset, length });
      const bytes = new Uint8Array(length);
      for (const piece of pieces) {
        const from = Math.max(offset, piece.offset);
        const to = Math.min(offset + length, piece.offset + piece.bytes.length);
        if (from < to) bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
      }
      return Promise.resolve(bytes);
    },
  };
  return reader;
}
