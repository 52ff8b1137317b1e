/** What a partition (or a whole unpartitioned disk) holds: a tree that can be read, or a kind that is only named. */
import type { RangeReader } from "../range-reader.js";
import { openExt } from "./ext.js";
import type { DiskFacts, DiskFinding, Partition } from "./facts.js";
import { openFat } from "./fat.js";
import { hasMagic } from "./fields.js";
import type { FileTree } from "./file-tree.js";
import { openNtfs } from "./ntfs.js";
import { readInside, readUpTo } from "./slices.js";

export interface Volume {
  readonly partition: Partition;
  readonly filesystem?: string;
  readonly tree?: FileTree;
  readonly encryption?: NonNullable<DiskFacts["encryption"]>;
  readonly findings: readonly DiskFinding[];
}

const HEAD_BYTES = 8192;

/** Where each kind writes its name (libblkid probes the same places). */
const SIGNATURES: readonly (readonly [kind: string, offset: number, magic: string])[] = [
  ["luks", 0, "LUKS\xba\xbe"],
  ["bitlocker", 3, "-FVE-FS-"],
  ["xfs", 0, "XFSB"],
  // The label of a physical volume stands in one of the first four sectors.
  ...[0, 1, 2, 3].map((sector) => ["lvm2", sector * 512 + 24, "LVM2 001"] as const),
  ["swap", 4086, "SWAPSPACE2"],
  ["exfat", 3, "EXFAT   "],
  ["refs", 3, "ReFS\0\0\0\0"],
  ["linux-raid", 4096, "\xfc\x4e\x2b\xa9"],
  ["squashfs", 0, "hsqs"],
  ["erofs", 1024, "\xe2\xe1\xf5\xe0"],
  ["f2fs", 1024, "\x10\x20\xf5\xf2"],
  // The hashes of a read-only root or /usr beside it.
  ["verity", 0, "verity\0\0"],
];
const BTRFS_MAGIC_OFFSET = 0x10040;
const BTRFS_MAGIC = "_BHRfS_M";

const SAID: Readonly<Record<string, (where: string) => Omit<DiskFinding, "where">>> = {
  luks: (where) => ({
    code: "ENCRYPTED_LUKS",
    severity: "warning",
    message: `${where} is encrypted with LUKS; a VM made from it would wait for a passphrase at its console.`,
  }),
  bitlocker: (where) => ({
    code: "ENCRYPTED_BITLOCKER",
    severity: "blocking",
    message: `${where} is encrypted with BitLocker; decrypt it (manage-bde -off) before Sysprep.`,
  }),
  lvm2: (where) => ({
    code: "LVM_VOLUME",
    severity: "warning",
    message: `${where} is an LVM physical volume; names collide when an image's disk is attached to a VM made from it.`,
  }),
  swap: (where) => ({
    code: "SWAP_PARTITION",
    severity: "warning",
    message: `${where} is swap space; on Azure, swap belongs on the resource disk.`,
  }),
};

export async function openVolume(reader: RangeReader, partition: Partition): Promise<Volume> {
  const where = partition.number === 0 ? "The disk" : `Partition ${partition.number}`;
  const at = (finding: Omit<DiskFinding, "where">, value?: string): DiskFinding => ({
    ...finding,
    where: { offsetBytes: partition.offsetBytes, ...(value !== undefined && { value }) },
  });
  const head = await readUpTo(reader, 0, HEAD_BYTES);
  const signature = SIGNATURES.find(([, offset, magic]) => hasMagic(head, offset, magic));
  if (signature) {
    const [kind] = signature;
    const said = SAID[kind];
    return {
      partition,
      filesystem: kind,
      ...((kind === "luks" || kind === "bitlocker") && { encryption: kind }),
      findings: said ? [at(said(where), kind)] : [],
    };
  }
  const damaged = (filesystem: string, why: string): Volume => ({
    partition,
    filesystem,
    findings: [
      at({
        code: "FILESYSTEM_DAMAGED",
        severity: "warning",
        message: `${where} looks like ${filesystem}, but cannot be read: ${why}.`,
      }),
    ],
  });
  const ntfs = await openNtfs(reader);
  if (ntfs) {
    if (!ntfs.tree) return damaged("ntfs", ntfs.why);
    const dirty = at({
      code: "NTFS_DIRTY",
      severity: "warning",
      message: `${where} is marked dirty: Windows was not shut down cleanly and checks it at the next start.`,
    });
    return { partition, filesystem: "ntfs", tree: ntfs.tree, findings: ntfs.dirty ? [dirty] : [] };
  }
  const ext = await openExt(reader);
  if (ext) {
    if (!ext.tree) return damaged(ext.filesystem, ext.why);
    return { partition, filesystem: ext.tree.filesystem, tree: ext.tree, findings: [] };
  }
  const fat = await openFat(reader);
  if (fat) return { partition, filesystem: fat.filesystem, tree: fat, findings: [] };
  const btrfs = await readInside(reader, BTRFS_MAGIC_OFFSET, BTRFS_MAGIC.length);
  if (btrfs && hasMagic(btrfs, 0, BTRFS_MAGIC)) return { partition, filesystem: "btrfs", findings: [] };
  return { partition, findings: [] };
}
