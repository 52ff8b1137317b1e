/**
 * The hashes that slices leave behind, each in a document that says which units it answers for: a hash that is missing
 * would pass for zeros, so the documents must cover the disk. Those of a repeated slice overlap and say the same.
 */
import { createHash } from "node:crypto";
import { LEAF_BYTES, treeHash, type Leaf } from "../../domain/vhd/tree-hash.js";

const DIGEST_BYTES = 32;
const ENTRY_BYTES = 4 + DIGEST_BYTES;

export const treeOf = (sizeBytes: number) => treeHash(sizeBytes, () => createHash("sha256"));

export interface Stretch {
  /** Units, as the plan counts them. */
  readonly from: number;
  readonly to: number;
}

export const hashesPrefix = (disk: string): string => `${disk}/hashes-`;
export const hashesName = (disk: string, { from, to }: Stretch): string =>
  `${hashesPrefix(disk)}${pad(from)}-${pad(to)}`;
const pad = (unit: number) => String(unit).padStart(9, "0");

function stretchOf(name: string): Stretch {
  const [, from, to] = /-(\d+)-(\d+)$/.exec(name) ?? [];
  if (from === undefined || to === undefined) throw new Error(`${name} is no document of hashes.`);
  return { from: Number(from), to: Number(to) };
}

export function encodeLeaves(leaves: readonly Leaf[]): Buffer {
  const bytes = Buffer.alloc(leaves.length * ENTRY_BYTES);
  for (const [position, { index, digest }] of leaves.entries()) {
    bytes.writeUInt32BE(index, position * ENTRY_BYTES);
    bytes.set(digest, position * ENTRY_BYTES + 4);
  }
  return bytes;
}

/** The root over all documents. Digests lie in one buffer: 32 MiB for a disk of 2 TiB, untouched where there is nothing. */
export async function rootOf(
  sizeBytes: number,
  units: number,
  documents: readonly string[],
  fetch: (name: string) => Promise<Uint8Array>,
): Promise<string> {
  assertCovered(units, documents.map(stretchOf));
  const digests = Buffer.alloc(Math.ceil(sizeBytes / LEAF_BYTES) * DIGEST_BYTES);
  for (const name of documents) {
    const bytes = Buffer.from(await fetch(name));
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES)
      bytes.copy(digests, bytes.readUInt32BE(at) * DIGEST_BYTES, at + 4, at + ENTRY_BYTES);
  }
  const absent = Buffer.alloc(DIGEST_BYTES);
  const digestOf = (index: number) => {
    const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    return digest.equals(absent) ? undefined : digest;
  };
  return Buffer.from(treeOf(sizeBytes).root(digestOf)).toString("hex");
}

function assertCovered(units: number, stretches: readonly Stretch[]): void {
  let next = 0;
  for (const { from, to } of [...stretches].sort((one, other) => one.from - other.from)) {
    if (from > next) break;
    next = Math.max(next, to);
  }
  if (next < units) throw new Error(`The hashes from unit ${next} of ${units} are missing.`);
}
