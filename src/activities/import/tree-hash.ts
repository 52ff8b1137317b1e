/**
 * The tree hash of a disk: SHA-256 over the SHA-256 of each unit of 2 MiB, in order; the last unit may be shorter.
 * It does not depend on how the work was cut. Units of nothing but zeros are not written down: their hash is known.
 */
import { createHash } from "node:crypto";
import { UNIT_BYTES, unitCount, unitLength } from "../../domain/import/mending-units.js";

const HASH_BYTES = 32;
const ENTRY_BYTES = 4 + HASH_BYTES;

export const unitHash = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** A slice's hashes: unit number and hash of every unit that is not all zeros, in order. */
export function encodeHashes(hashes: ReadonlyMap<number, Buffer>): Buffer {
  const bytes = Buffer.alloc(hashes.size * ENTRY_BYTES);
  [...hashes]
    .sort(([one], [other]) => one - other)
    .forEach(([unit, hash], index) => {
      bytes.writeUInt32BE(unit, index * ENTRY_BYTES);
      hash.copy(bytes, index * ENTRY_BYTES + 4);
    });
  return bytes;
}

export interface HashedStretch {
  readonly from: number;
  readonly to: number;
  /** As `encodeHashes` made it. */
  fetch(): Promise<Uint8Array>;
}

/** Sums up stretches that together cover the disk; overlaps are of repeated slices and say the same. */
export async function treeHash(diskBytes: number, stretches: readonly HashedStretch[]): Promise<string> {
  const units = unitCount(diskBytes);
  const root = createHash("sha256");
  const zeros = Buffer.alloc(UNIT_BYTES);
  const zeroHash = unitHash(zeros);
  let next = 0;
  const addZeros = (to: number) => {
    for (; next < to; next++) {
      const length = unitLength(diskBytes, next);
      root.update(length === UNIT_BYTES ? zeroHash : unitHash(zeros.subarray(0, length)));
    }
  };
  const ordered = [...stretches].sort((one, other) => one.from - other.from || other.to - one.to);
  for (const stretch of ordered) {
    if (stretch.to <= next) continue;
    if (stretch.from > next) throw new Error(`The hashes of units ${next} to ${stretch.from} are missing.`);
    const bytes = Buffer.from(await stretch.fetch());
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      const unit = bytes.readUInt32BE(at);
      if (unit < next) continue;
      addZeros(unit);
      root.update(bytes.subarray(at + 4, at + ENTRY_BYTES));
      next = unit + 1;
    }
    addZeros(stretch.to);
  }
  if (next < units) throw new Error(`The hashes of units ${next} to ${units} are missing.`);
  return root.digest("hex");
}
