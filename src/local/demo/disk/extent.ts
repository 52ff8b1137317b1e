/** What a made disk consists of: runs of bytes at places. Everything between them is zero and takes no room. */
import { createCipheriv, createHash } from "node:crypto";

export interface Extent {
  readonly offset: number;
  readonly length: number;
  /** `length` bytes from `from` (both relative to the extent). */
  read(from: number, length: number): Buffer;
}

export const bytesAt = (offset: number, bytes: Buffer): Extent => ({
  offset,
  length: bytes.length,
  read: (from, length) => bytes.subarray(from, from + length),
});

export const moved = (extent: Extent, by: number): Extent => ({ ...extent, offset: extent.offset + by });

const AES_BLOCK_BYTES = 16;

/**
 * Incompressible bytes that are the same in every run: the AES-CTR key stream of the name, readable from any
 * multiple of 16, so that neither the maker nor a checker ever holds the whole.
 */
export function noise(name: string, offset: number, length: number): Extent {
  const key = createHash("sha256").update(name).digest().subarray(0, AES_BLOCK_BYTES);
  return {
    offset,
    length,
    read(from, wanted) {
      if (from % AES_BLOCK_BYTES !== 0)
        throw new RangeError(`Noise is read from multiples of 16, not ${from}.`);
      const counter = Buffer.alloc(AES_BLOCK_BYTES);
      counter.writeBigUInt64BE(BigInt(from / AES_BLOCK_BYTES), 8);
      return createCipheriv("aes-128-ctr", key, counter).update(Buffer.alloc(wanted));
    },
  };
}

/** The bytes of the disk in [offset, offset + length), zero where no extent is. */
export function readExtents(extents: readonly Extent[], offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (const extent of extents) {
    const start = Math.max(offset, extent.offset);
    const end = Math.min(offset + length, extent.offset + extent.length);
    if (start < end) extent.read(start - extent.offset, end - start).copy(bytes, start - offset);
  }
  return bytes;
}
