/** Names what a file is when it is no VHD, from its first bytes: so that the remedy fits the mistake. */
import { startsWith } from "./layout.js";

export type ForeignFormat =
  | "vhdx"
  | "qcow2"
  | "vmdk"
  | "vdi"
  | "gzip"
  | "xz"
  | "zstd"
  | "bzip2"
  | "zip"
  | "7z"
  | "tar"
  | "iso"
  | "text";

/** How much of the head `recognizeFormat` and `looksLikeDisk` need (the furthest mark, btrfs, is at 64 KiB + 64). */
export const HEAD_BYTES = 66 * 1024;

const MAGICS: readonly (readonly [ForeignFormat, offset: number, magic: string])[] = [
  ["vhdx", 0, "vhdxfile"],
  ["qcow2", 0, "QFI\xfb"],
  ["vmdk", 0, "KDMV"],
  ["vmdk", 0, "COWD"],
  ["vmdk", 0, "# Disk Desc"],
  ["vdi", 0x40, "\x7f\x10\xda\xbe"],
  ["gzip", 0, "\x1f\x8b\x08"],
  ["xz", 0, "\xfd7zXZ\0"],
  ["zstd", 0, "\x28\xb5\x2f\xfd"],
  ["bzip2", 0, "BZh"],
  ["zip", 0, "PK\x03\x04"],
  ["7z", 0, "7z\xbc\xaf\x27\x1c"],
  ["tar", 257, "ustar"],
  ["iso", 32769, "CD001"],
];

/** A saved error page is short; a disk that begins with printable bytes is not text all through. */
const TEXT_LOOKED_AT = 512;

function looksLikeText(head: Uint8Array): boolean {
  const start = head.subarray(0, TEXT_LOOKED_AT);
  const marked = /^(\xef\xbb\xbf)?\s*[<{[]/.test(String.fromCharCode(...start.subarray(0, 16)));
  return marked && start.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

/** `head` holds the first bytes of the file: HEAD_BYTES, or all there are. */
export function recognizeFormat(head: Uint8Array): ForeignFormat | undefined {
  const byMagic = MAGICS.find(([, offset, magic]) => startsWith(head, magic, offset));
  // A hybrid installation ISO also carries a partition table; that mark is later in the file, and still an ISO.
  if (byMagic) return byMagic[0];
  return looksLikeText(head) ? "text" : undefined;
}

const DISK_MARKS: readonly (readonly [offset: number, magic: string])[] = [
  [510, "\x55\xaa"],
  [512, "EFI PART"],
  [4096, "EFI PART"],
  [1080, "\x53\xef"], // ext2/3/4
  [0, "XFSB"],
  [64 * 1024 + 64, "_BHRfS_M"], // btrfs
  [512, "LABELONE"], // LVM
  [0, "LUKS\xba\xbe"],
];

/** Whether the bytes begin like a disk: a partition table, a boot sector or a filesystem. */
export const looksLikeDisk = (head: Uint8Array): boolean =>
  DISK_MARKS.some(([offset, magic]) => startsWith(head, magic, offset));
