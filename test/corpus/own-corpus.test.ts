/** One file of each kind that people and tools drop, made here, with the verdict that each use of it gets. */
import { describe, expect, it } from "vitest";
import { bytesReader } from "../../src/domain/range-reader.js";
import type { Purpose, Verdict } from "../../src/domain/vhd/diagnosis.js";
import { examine } from "../../src/domain/vhd/examine.js";
import { openVhd } from "../../src/domain/vhd/open-vhd.js";
import { mbrDisk, type SparseDisk } from "../support/disk-builder.js";
import { extVolume } from "../support/disk-ext.js";
import {
  GENERALIZED_ROOT,
  linuxGen1Disk,
  linuxGen2Disk,
  LIVED_IN,
  opaqueRootDisk,
  windowsGen2Disk,
} from "../support/disk-systems.js";
import { mend } from "../support/mend.js";
import { diskWith, dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

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
const ubuntu = bytesOf(linuxGen1Disk());
const livedIn = bytesOf(linuxGen1Disk({ ...GENERALIZED_ROOT, ...LIVED_IN }));
const data = bytesOf(mbrDisk([{ type: 0x83, volume: extVolume({ "a.txt": "a" }).disk }]));
const unpartitioned = bytesOf(extVolume({ "a.txt": "a" }).disk);
const bitlocker = bytesOf(opaqueRootDisk("Microsoft/Boot", 3, "-FVE-FS-"));
const blank = diskWith(24 * MIB, []);
const outside = bytesOf(linuxGen1Disk(), 24 * MIB).subarray(0, MIB + 512 * 8);

type Row = [
  why: string,
  file: Buffer,
  verdicts: [os: Verdict, data: Verdict, any: Verdict],
  deciding: string | undefined,
];

const rows: Row[] = [
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

const PURPOSES: readonly Purpose[] = ["os", "data", "any"];

describe("a dropped file", () => {
  it.each(rows)("gets its verdict for every use: %s", async (_why, file, verdicts, deciding) => {
    const diagnoses = await Promise.all(PURPOSES.map((purpose) => examine(bytesReader(file), { purpose })));
    expect(diagnoses.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(diagnoses[0]?.codes[0]).toBe(deciding);
    for (const { findings } of diagnoses)
      expect(findings.every(({ what, remedy }) => what && remedy)).toBe(true);
  });

  it.each(rows.filter(([, , verdicts]) => verdicts[1] === "mendable"))(
    "reads back, when mended, as the disk that went in: %s",
    async (_why, file) => {
      const opened = await openVhd(bytesReader(file));
      if (opened.status === "refused") throw new Error(opened.findings[0].what);
      const expected = opened.container.kind === "raw" ? file : logicalDisk(file);
      const { pageBlob } = mend(file, opened.container);
      expect(expected.equals(pageBlob.subarray(0, expected.length))).toBe(true);
      const again = await examine(bytesReader(pageBlob), { purpose: "data", blobType: "page" });
      expect(again).toMatchObject({ verdict: "ready", kind: "fixed", mending: { path: "none" } });
    },
  );

  it.each<[string, Buffer, "page" | "block" | undefined, string]>([
    ["an aligned page blob", fixedVhd({ disk: ubuntu }), "page", "none"],
    ["an aligned block blob", fixedVhd({ disk: ubuntu }), "block", "linear"],
    ["an aligned local file", fixedVhd({ disk: ubuntu }), undefined, "none"],
    ["a padded page blob", fixedVhd({ disk: ubuntu, padding: 512 }), "page", "copy-resize-footer"],
    ["a padded block blob", fixedVhd({ disk: ubuntu, padding: 512 }), "block", "linear"],
    ["a dynamic page blob", dynamicVhd({ disk: ubuntu }), "page", "dynamic"],
    ["a dynamic block blob", dynamicVhd({ disk: ubuntu }), "block", "dynamic"],
    ["a bare disk in a page blob", ubuntu, "page", "copy-resize-footer"],
  ])("is mended the cheapest way: %s", async (_why, file, blobType, path) => {
    const diagnosis = await examine(bytesReader(file), { purpose: "os", ...(blobType && { blobType }) });
    expect(diagnosis.mending.path).toBe(path);
  });

  it("is refused above a limit of the user's own", async () => {
    const diagnosis = await examine(bytesReader(dynamicVhd({ disk: ubuntu })), {
      purpose: "any",
      maxVirtualBytes: 20 * MIB,
    });
    expect(diagnosis).toMatchObject({ verdict: "refused", newSizeBytes: null, mending: { path: "none" } });
    expect(diagnosis.codes[0]).toBe("DISK_TOO_LARGE");
  });
});
