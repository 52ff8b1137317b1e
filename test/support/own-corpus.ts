/** One file of each kind that people and tools drop, made here, with the verdict that each use of it gets. */
import type { Verdict } from "../../src/domain/vhd/diagnosis.js";
import { mbrDisk, type SparseDisk } from "./disk-builder.js";
import { extVolume } from "./disk-ext.js";
import {
  GENERALIZED_ROOT,
  linuxGen1Disk,
  linuxGen2Disk,
  LIVED_IN,
  opaqueRootDisk,
  windowsGen2Disk,
} from "./disk-systems.js";
import { diskWith, dynamicVhd, fixedVhd, MIB } from "./vhd-builder.js";

/** The disk, with zeros up to a size that Azure takes. */
function bytesOf(
  disk: SparseDisk,
  sizeBytes = Math.max(24 * MIB, Math.ceil(disk.sizeBytes / MIB) * MIB),
): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.set(disk.bytes(0, Math.min(disk.sizeBytes, sizeBytes)));
  return bytes;
}

const debian = bytesOf(linuxGen2Disk());
export const ubuntu = bytesOf(linuxGen1Disk());
const livedIn = bytesOf(linuxGen1Disk({ ...GENERALIZED_ROOT, ...LIVED_IN }));
const data = bytesOf(mbrDisk([{ type: 0x83, volume: extVolume({ "a.txt": "a" }).disk }]));
const unpartitioned = bytesOf(extVolume({ "a.txt": "a" }).disk);
const bitlocker = bytesOf(opaqueRootDisk("Microsoft/Boot", 3, "-FVE-FS-"));
const blank = diskWith(24 * MIB, []);
const outside = bytesOf(linuxGen1Disk(), 24 * MIB).subarray(0, MIB + 512 * 8);

export type OwnFile = [
  why: string,
  file: Buffer,
  verdicts: [os: Verdict, data: Verdict, any: Verdict],
  deciding: string | undefined,
];

export const OWN_CORPUS: readonly OwnFile[] = [
  [
    "a generalized Debian, fixed and aligned",
    fixedVhd({ disk: debian }),
    ["ready", "ready", "ready"],
    "GPT_BACKUP_MISPLACED",
  ],
  ["an Ubuntu of generation 1", fixedVhd({ disk: ubuntu }), ["ready", "ready", "ready"], undefined],
  [
    "Windows of generation 2",
    fixedVhd({ disk: bytesOf(windowsGen2Disk()) }),
    ["ready", "ready", "ready"],
    undefined,
  ],
  [
    "a system that was not generalized is still an image, with a warning",
    fixedVhd({ disk: livedIn }),
    ["ready", "ready", "ready"],
    "MACHINE_ID_PRESENT",
  ],
  ["the same, dynamic", dynamicVhd({ disk: ubuntu }), ["mendable", "mendable", "mendable"], "KIND_DYNAMIC"],
  [
    "the same, dynamic with cleared bits over stale bytes",
    dynamicVhd({ disk: debian, sparseBitmap: true, stale: 0xee }),
    ["mendable", "mendable", "mendable"],
    "KIND_DYNAMIC",
  ],
  [
    "seven sectors too long",
    fixedVhd({ disk: Buffer.concat([ubuntu, Buffer.alloc(7 * 512)]) }),
    ["mendable", "mendable", "mendable"],
    "SIZE_NOT_ALIGNED",
  ],
  [
    "with a footer of 511 bytes",
    fixedVhd({ disk: ubuntu, footerLength: 511 }),
    ["mendable", "mendable", "mendable"],
    "FOOTER_SHORT",
  ],
  [
    "with a padded footer",
    fixedVhd({ disk: ubuntu, padding: 4096 }),
    ["mendable", "mendable", "mendable"],
    "FOOTER_PADDED",
  ],
  [
    "with a wrong footer checksum",
    fixedVhd({ disk: ubuntu, footer: { checksumError: 1 } }),
    ["mendable", "mendable", "mendable"],
    "FOOTER_CHECKSUM",
  ],
  ["without any footer", ubuntu, ["mendable", "mendable", "mendable"], "FOOTER_ABSENT"],
  [
    "without any footer, and cut off inside a partition",
    outside,
    ["refused", "refused", "refused"],
    "TRUNCATED",
  ],
  ["a data disk with a partition", fixedVhd({ disk: data }), ["refused", "ready", "ready"], "NO_BOOT_LOADER"],
  [
    "a filesystem on the whole disk",
    fixedVhd({ disk: unpartitioned }),
    ["refused", "ready", "ready"],
    "NO_PARTITION_TABLE",
  ],
  [
    "blank and fixed: an upload without its bytes looks the same",
    fixedVhd({ disk: blank }),
    ["refused", "ready", "refused"],
    "DISK_BLANK",
  ],
  [
    "blank at its beginning only",
    fixedVhd({ disk: diskWith(24 * MIB, [{ at: 5 * MIB, length: 100 }]) }),
    ["refused", "ready", "ready"],
    "DISK_BLANK",
  ],
  [
    "blank and dynamic: the table says that nothing was ever written",
    dynamicVhd({ disk: blank }),
    ["refused", "mendable", "mendable"],
    "DISK_BLANK",
  ],
  [
    "too small for Azure, it grows",
    fixedVhd({ disk: data.subarray(0, 16 * MIB) }),
    ["refused", "mendable", "mendable"],
    "NO_BOOT_LOADER",
  ],
  [
    "BitLocker: Sysprep cannot work on it",
    fixedVhd({ disk: bitlocker }),
    ["refused", "ready", "refused"],
    "ENCRYPTED_BITLOCKER",
  ],
  [
    "a differencing disk",
    dynamicVhd({ disk: ubuntu, footer: { type: 4 } }),
    ["refused", "refused", "refused"],
    "DIFFERENCING",
  ],
  [
    "cut off in the upload",
    dynamicVhd({ disk: ubuntu }).subarray(0, -MIB),
    ["refused", "refused", "refused"],
    "TRUNCATED",
  ],
  [
    "two blocks at one place",
    dynamicVhd({ disk: ubuntu, keepZeroBlocks: true, alterTable: (table) => (table[1] = table[0]!) }),
    ["refused", "refused", "refused"],
    "BAT_OVERLAP",
  ],
];
