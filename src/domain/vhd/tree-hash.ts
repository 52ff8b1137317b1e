/**
 * One hash for a disk, whatever slices it was made in and in whatever order: SHA-256 over the SHA-256 of each 2 MiB
 * in turn. Leaves of zeros need not be looked at. The hash function is the caller's; nothing here computes one.
 */
import { isZero, MIB } from "./layout.js";

export interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

export const LEAF_BYTES = 2 * MIB;

export interface Leaf {
  readonly index: number;
  readonly digest: Uint8Array;
}

export interface TreeHash {
  /** The leaves of the bytes of a disk at `virtualOffset`, a leaf's beginning; what the last leaf lacks is zeros. */
  leavesOf(data: Uint8Array, virtualOffset: number): Leaf[];
  /** The root; a leaf for which `digestOf` has nothing is zeros. */
  root(digestOf: (index: number) => Uint8Array | undefined): Uint8Array;
}

/** `sizeBytes` is that of the disk that is made, without its footer. */
export function treeHash(sizeBytes: number, newHash: () => Hash): TreeHash {
  const zeros = new Uint8Array(LEAF_BYTES);
  const count = Math.ceil(sizeBytes / LEAF_BYTES);
  const lengthOf = (index: number) => Math.min(LEAF_BYTES, sizeBytes - index * LEAF_BYTES);
  const hashOf = (...parts: readonly Uint8Array[]): Uint8Array => {
    const hash = newHash();
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const zeroDigest = hashOf(zeros);
  const zeroLeaf = (index: number) => {
    const length = lengthOf(index);
    return length === LEAF_BYTES ? zeroDigest : hashOf(zeros.subarray(0, length));
  };
  return {
    leavesOf(data, virtualOffset) {
      if (virtualOffset % LEAF_BYTES !== 0) throw new RangeError(`No leaf begins at ${virtualOffset}.`);
      const leaves: Leaf[] = [];
      for (let at = 0; at < data.length; at += LEAF_BYTES) {
        const index = (virtualOffset + at) / LEAF_BYTES;
        const part = data.subarray(at, at + LEAF_BYTES);
        const digest = isZero(part)
          ? zeroLeaf(index)
          : hashOf(part, zeros.subarray(0, lengthOf(index) - part.length));
        leaves.push({ index, digest });
      }
      return leaves;
    },
    root(digestOf) {
      const hash = newHash();
      for (let index = 0; index < count; index++) hash.update(digestOf(index) ?? zeroLeaf(index));
      return hash.digest();
    },
  };
}
