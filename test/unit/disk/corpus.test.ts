/**
 * Disks that other tools made: the same kinds as in inspect-disk.test.ts, where the corpus is there. Its absence
 * takes nothing away but this second opinion.
 */
import { describe, expect, test } from "vitest";
import type { DiskFacts, DiskFindingCode } from "../../../src/domain/disk/facts.js";
import { inspectDisk } from "../../../src/domain/disk/inspect-disk.js";
import { budgetedReader } from "../../../src/domain/reading-budget.js";
import { corpusDisk, corpusSizes } from "../../support/disk-corpus.js";

const MIB = 1024 * 1024;

const DEBIAN: Partial<DiskFacts> = {
  ...{ scheme: "gpt", generation: "V2", architecture: "x64", osFamily: "Linux", distribution: "debian" },
  ...{ version: "12", generalized: "yes", filesystems: ["fat16", "ext4"], secureBootSigned: true },
};
const UBUNTU: Partial<DiskFacts> = {
  ...{ scheme: "mbr", generation: "V1", architecture: "x64", osFamily: "Linux" },
  ...{ distribution: "ubuntu", version: "20.04" },
};
const NOTHING: Partial<DiskFacts> = {
  scheme: "none",
  blank: true,
  generation: "unknown",
  osFamily: "unknown",
};

const EXPECTED: Readonly<Record<string, readonly [Partial<DiskFacts>, readonly DiskFindingCode[]]>> = {
  "fixed-gen1-windows.vhd": [
    {
      scheme: "mbr",
      generation: "V1",
      architecture: "x64",
      osFamily: "Windows",
      generalized: "no",
      filesystems: ["ntfs"],
    },
    ["SYSPREP_TAG_MISSING"],
  ],
  "fixed-gen2-debian.vhd": [DEBIAN, []],
  "fixed-unaligned-gpt.vhd": [DEBIAN, ["GPT_BACKUP_MISPLACED"]],
  "fixed-gen2-oracle-lvm-xfs.vhd": [
    {
      generation: "V2",
      architecture: "x64",
      osFamily: "Linux",
      distribution: "ol",
      filesystems: ["fat16", "ext4", "lvm2"],
    },
    ["LVM_VOLUME", "LOADER_DAMAGED", "ROOT_UNREADABLE"],
  ],
  "fixed-luks.vhd": [
    { generation: "V2", osFamily: "Linux", encryption: "luks", generalized: "unknown" },
    ["ENCRYPTED_LUKS", "LOADER_DAMAGED", "ROOT_UNREADABLE"],
  ],
  "fixed-bitlocker.vhd": [
    { generation: "V2", osFamily: "Windows", encryption: "bitlocker" },
    ["ENCRYPTED_BITLOCKER", "LOADER_DAMAGED"],
  ],
  "fixed-ebr-loop.vhd": [
    { scheme: "mbr", generation: "unknown" },
    ["EBR_CHAIN_CYCLE", "NO_BOOT_LOADER", "NO_OPERATING_SYSTEM"],
  ],
  "fixed-data-ext4-unpartitioned.vhd": [
    { scheme: "none", blank: false, filesystems: ["ext4"], osFamily: "unknown" },
    ["NO_PARTITION_TABLE"],
  ],
  "fixed-data-ntfs.vhd": [
    { scheme: "gpt", filesystems: ["ntfs"], osFamily: "unknown", generation: "unknown" },
    ["NO_BOOT_LOADER", "NO_OPERATING_SYSTEM"],
  ],
  // Cut from a disk of 64 MiB: the partition in its table is longer than what is left.
  "fixed-orig-ne-cur.vhd": [UBUNTU, ["PARTITION_OUTSIDE_DISK"]],
  "fixed-zero-geometry.vhd": [UBUNTU, ["PARTITION_OUTSIDE_DISK"]],
  "fixed-all-zero.vhd": [NOTHING, ["DISK_BLANK"]],
  "fixed-small.vhd": [NOTHING, ["DISK_BLANK"]],
  "qemu-fixed-chs.vhd": [NOTHING, ["DISK_BLANK"]],
  "qemu-fixed-force.vhd": [NOTHING, ["DISK_BLANK"]],
};

const sizes = corpusSizes();

describe.runIf(sizes.size > 0)("a disk of the corpus", () => {
  test.each(Object.entries(EXPECTED))(
    "%s has the facts it was made with, for few reads",
    async (name, [facts, codes]) => {
      const disk = await corpusDisk(name, sizes.get(name)!);
      const reader = budgetedReader(disk.reader(), { maxBytes: 1.5 * MIB - 1, maxRequests: 49 });
      const found = await inspectDisk(reader);
      expect(found).toMatchObject(facts);
      expect(found.findings.map(({ code }) => code)).toEqual(codes);
    },
  );
});
