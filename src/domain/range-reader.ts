/**
 * The seam between where bytes lie and what they mean. A blob, a local file, a buffer and the virtual disk inside
 * a VHD are all read through this, so that no format reader ever learns which one it has before it.
 */

/** Random access to bytes by ranges. Sizes and offsets in bytes (safe integers). */
export interface RangeReader {
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`; throws RangeError outside. The bytes are the caller's to read, not to change. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Throws the RangeError that every RangeReader owes for a range that is not wholly inside it. */
export function assertInRange(reader: { readonly sizeBytes: number }, offset: number, length: number): void {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    length <= reader.sizeBytes - offset;
  if (!inside) {
    throw new RangeError(`Bytes ${offset}+${length} are not inside the ${reader.sizeBytes} bytes there are.`);
  }
}

/**
 * The same bytes without what a subclass adds: `slice` copies in a Uint8Array and does not in Node's Buffer, and
 * nobody who reads through this should have to know which of them came.
 */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** A reader of bytes that are already in memory. */
export function bytesReader(bytes: Uint8Array): RangeReader {
  const reader: RangeReader = {
    sizeBytes: bytes.length,
    read: (offset, length) =>
      new Promise((resolve) => {
        assertInRange(reader, offset, length);
        resolve(plainBytes(bytes).subarray(offset, offset + length));
      }),
  };
  return reader;
}
