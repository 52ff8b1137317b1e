/** A reader of bytes that are already in memory. */
import { assertInRange, type RangeReader } from "../../src/domain/range-reader.js";

export function bytesReader(bytes: Uint8Array): RangeReader {
  const reader: RangeReader = {
    sizeBytes: bytes.length,
    read: (offset, length) =>
      new Promise((resolve) => {
        assertInRange(reader, offset, length);
        // No Buffer, whose `slice` does not copy: whoever reads must not depend on either.
        resolve(new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length));
      }),
  };
  return reader;
}
