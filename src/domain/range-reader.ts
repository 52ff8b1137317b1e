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
