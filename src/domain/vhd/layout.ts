/**
 * Numbers and field access shared by the structures of the VHD format (Microsoft "Virtual Hard Disk Image Format
 * Specification", 1.0). Everything is big-endian.
 */
export const SECTOR_BYTES = 512;
export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;

export const FOOTER_BYTES = 512;
export const HEADER_BYTES = 1024;
/** A block that is not in the file. */
export const ABSENT_BLOCK = 0xffff_ffff;
/** "No next structure": the data offset of a fixed disk, the next offset of a dynamic header. */
export const NO_OFFSET = 0xffff_ffff_ffff_ffffn;

export const fieldsOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

export function startsWith(bytes: Uint8Array, text: string, offset = 0): boolean {
  if (bytes.length < offset + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Bytes as text that is safe in a log or a table: printable ASCII as it is, `.` for everything else. */
export const printable = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");

/** The ones' complement of the sum of all bytes, the checksum field itself counted as zero. */
export function checksumOf(bytes: Uint8Array, fieldOffset: number): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < fieldOffset || i >= fieldOffset + 4) sum += bytes[i] ?? 0;
  return ~sum >>> 0;
}

/** Four bytes at a time where the alignment allows: disks are looked through for zeros by the gigabyte. */
export function isZero(bytes: Uint8Array): boolean {
  let at = 0;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
    at = words.length * 4;
  }
  for (; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
