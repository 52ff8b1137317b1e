/** The structures that NTFS volumes for tests are put together from (Linux-NTFS "NTFS Documentation"). */
import { structure, utf16Bytes } from "./disk-builder.js";

export const CLUSTER_BYTES = 1024;
export const INDEX_BYTES = 4096;

/** Sectors protected by an update sequence: their last two bytes move into the array. */
export function sealed(raw: Uint8Array, arrayOffset: number): Uint8Array {
  const bytes = raw.slice();
  bytes.set([0x39, 0x05], arrayOffset);
  for (let sector = 1; sector * 512 <= raw.length; sector++) {
    bytes.set(raw.subarray(sector * 512 - 2, sector * 512), arrayOffset + 2 * sector);
    bytes.set([0x39, 0x05], sector * 512 - 2);
  }
  return bytes;
}

export const padded = (length: number): number => Math.ceil(length / 8) * 8;

export function attribute(
  type: number,
  name: string,
  headerBytes: number,
  rows: Parameters<typeof structure>[1],
  value: Uint8Array,
): Uint8Array {
  const valueOffset = headerBytes + padded(2 * name.length);
  const bytes = padded(valueOffset + value.length);
  return structure(bytes, [
    [0, 4, type],
    [4, 4, bytes],
    [9, 1, name.length],
    [10, 2, headerBytes],
    ...rows,
    [headerBytes, utf16Bytes(name)],
    [valueOffset, value],
  ]);
}

export const resident = (type: number, name: string, value: Uint8Array): Uint8Array =>
  attribute(
    type,
    name,
    24,
    [
      [16, 4, value.length],
      [20, 2, 24 + padded(2 * name.length)],
    ],
    value,
  );

export function indexEntry(name: string, record: number): Uint8Array {
  const keyBytes = 66 + 2 * name.length;
  const bytes = padded(16 + keyBytes);
  return structure(bytes, [
    [0, 4, record],
    [6, 2, 1],
    [8, 2, bytes],
    [10, 2, keyBytes],
    [16 + 64, 1, name.length],
    [16 + 65, 1, 1],
    [16 + 66, utf16Bytes(name)],
  ]);
}

export const withChild = (entry: Uint8Array, vcn: number): Uint8Array =>
  structure(entry.length + 8, [
    [0, entry],
    [8, 2, entry.length + 8],
    [12, 2, 1],
    [entry.length, 8, vcn],
  ]);

export const indexEnd = (child?: number): Uint8Array =>
  child === undefined
    ? structure(16, [
        [8, 2, 16],
        [12, 2, 2],
      ])
    : structure(24, [
        [8, 2, 24],
        [12, 2, 3],
        [16, 8, child],
      ]);

const indexHeader = (firstEntry: number, size: number, allocated: number, hasChildren: boolean): Uint8Array =>
  structure(16, [
    [0, 4, firstEntry],
    [4, 4, firstEntry + size],
    [8, 4, allocated],
    [12, 1, hasChildren ? 1 : 0],
  ]);

export function indexRoot(entries: readonly Uint8Array[], hasChildren: boolean): Uint8Array {
  const body = Buffer.concat(entries);
  return structure(32 + body.length, [
    [0, 4, 0x30],
    [4, 4, 1],
    [8, 4, INDEX_BYTES],
    [12, 1, INDEX_BYTES / CLUSTER_BYTES],
    [16, indexHeader(16, body.length, 16 + body.length, hasChildren)],
    [32, body],
  ]);
}

export function indexBlock(vcn: number, entries: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(entries);
  const firstEntry = 64 - 24;
  return sealed(
    structure(INDEX_BYTES, [
      [0, "INDX"],
      [4, 2, 40],
      [6, 2, 9],
      [16, 8, vcn],
      [24, indexHeader(firstEntry, body.length, INDEX_BYTES - 24, false)],
      [64, body],
    ]),
    40,
  );
}
