import { describe, expect, test } from "vitest";
import type { DiskFacts, DiskFindingCode } from "../../../src/domain/disk/facts.js";
import { inspectDisk } from "../../../src/domain/disk/inspect-disk.js";
import type { RangeReader } from "../../../src/domain/range-reader.js";
import { bytesReader } from "../../support/bytes-reader.js";
import { budgetedReader } from "../../../src/domain/reading-budget.js";
import { gptDisk, GUIDS, latin1Bytes, mbrDisk, MIB, SparseDisk } from "../../support/disk-builder.js";
import { extVolume } from "../../support/disk-ext.js";
import { fatVolume } from "../../support/disk-fat.js";
import { ntfsVolume } from "../../support/disk-ntfs.js";
import { MACHINES, peFile } from "../../support/disk-pe.js";
import {
  DEBIAN_ESP,
  GENERALIZED_ROOT,
  linuxGen1Disk,
  linuxGen2Disk,
  LIVED_IN,
  opaqueRootDisk,
  WINDOWS_ROOT,
  windowsGen1Disk,
  windowsGen2Disk,
} from "../../support/disk-systems.js";

const inspect = (disk: SparseDisk) => inspectDisk(disk.reader());
const codesOf = ({ findings }: DiskFacts): DiskFindingCode[] => findings.map(({ code }) => code);
const without = <T>(files: Readonly<Record<string, T>>, ...paths: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !paths.some((gone) => path.startsWith(gone))));

const SYSTEMS: readonly (readonly [string, SparseDisk, Partial<DiskFacts>, readonly DiskFindingCode[]])[] = [
  [
    "a generalized Debian of generation 2",
    linuxGen2Disk(),
    {
      ...{ scheme: "gpt", generation: "V2", architecture: "x64", osFamily: "Linux", distribution: "debian" },
      ...{
        version: "12",
        generalized: "yes",
        filesystems: ["fat16", "ext4"],
        secureBootSigned: true,
        blank: false,
      },
    },
    [],
  ],
  [
    "a Debian that has been lived in",
    linuxGen2Disk({ root: { ...GENERALIZED_ROOT, ...LIVED_IN }, fat: 32 }),
    { generation: "V2", osFamily: "Linux", generalized: "no", filesystems: ["fat32", "ext4"] },
    ["MACHINE_ID_PRESENT", "SSH_HOST_KEYS_PRESENT", "CLOUD_INIT_STATE_PRESENT", "USERS_PRESENT"],
  ],
  [
    "a Linux of generation 1",
    linuxGen1Disk(),
    {
      scheme: "mbr",
      generation: "V1",
      architecture: "x64",
      osFamily: "Linux",
      version: "12",
      filesystems: ["ext2"],
    },
    [],
  ],
  [
    "a Linux whose GRUB needs no active partition",
    mbrDisk([{ type: 0x83, volume: extVolume(GENERALIZED_ROOT).disk }], "\xeb\x63\x90GRUB"),
    { generation: "V1", osFamily: "Linux" },
    [],
  ],
  [
    "a Linux for both generations",
    gptDisk(
      [
        { type: GUIDS.biosBoot, volume: new SparseDisk(MIB) },
        { type: GUIDS.efiSystem, volume: fatVolume(12, DEBIAN_ESP).disk },
        { type: GUIDS.linux, volume: extVolume(GENERALIZED_ROOT).disk },
      ],
      { bootCode: "\xeb\x63\x90GRUB" },
    ),
    { scheme: "gpt", generation: "both", architecture: "x64", filesystems: ["fat12", "ext4"] },
    ["BOOTS_BOTH_GENERATIONS"],
  ],
  [
    "a Linux for Arm64",
    linuxGen2Disk({ esp: { "EFI/BOOT/BOOTAA64.EFI": peFile({ machine: MACHINES.arm64 }) } }),
    { generation: "V2", architecture: "Arm64" },
    [],
  ],
  [
    "an ESP in an MBR",
    mbrDisk(
      [
        { type: 0xef, volume: fatVolume(16, DEBIAN_ESP).disk },
        { type: 0x83, volume: extVolume(GENERALIZED_ROOT).disk },
      ],
      "",
    ),
    { scheme: "mbr", generation: "V2", osFamily: "Linux" },
    [],
  ],
  [
    "a generalized Windows of generation 1",
    windowsGen1Disk(),
    {
      scheme: "mbr",
      generation: "V1",
      architecture: "x64",
      osFamily: "Windows",
      version: "10.0.20348.2340",
      generalized: "yes",
      filesystems: ["ntfs"],
    },
    [],
  ],
  [
    "a Windows of generation 2 that Sysprep has not seen",
    windowsGen2Disk(without(WINDOWS_ROOT, "Windows/System32/Sysprep")),
    {
      scheme: "gpt",
      generation: "V2",
      architecture: "x64",
      osFamily: "Windows",
      generalized: "no",
      secureBootSigned: true,
    },
    ["SYSPREP_TAG_MISSING"],
  ],
  [
    "a dirty, hibernated Windows",
    windowsGen1Disk(
      { ...WINDOWS_ROOT, "hiberfil.sys": latin1Bytes("HIBR\0\0\0\0") },
      { dirty: true, fragmentedTable: true },
    ),
    { osFamily: "Windows" },
    ["NTFS_DIRTY", "NTFS_HIBERNATED"],
  ],
  [
    "a Windows of 32 bits",
    windowsGen1Disk({
      ...WINDOWS_ROOT,
      "Windows/System32/ntoskrnl.exe": peFile({ machine: MACHINES.x86, magic: 0x10b }),
    }),
    { osFamily: "Windows" },
    ["ARCHITECTURE_UNSUPPORTED"],
  ],
  [
    "a Linux on LVM, named by its ESP",
    opaqueRootDisk("redhat", 512 + 24, "LVM2 001"),
    {
      generation: "V2",
      osFamily: "Linux",
      distribution: "rhel",
      generalized: "unknown",
      filesystems: ["fat16", "lvm2"],
    },
    ["LVM_VOLUME", "ROOT_UNREADABLE"],
  ],
  [
    "a Linux on LUKS",
    opaqueRootDisk("ubuntu", 0, "LUKS\xba\xbe\x00\x02"),
    { osFamily: "Linux", distribution: "ubuntu", encryption: "luks", generalized: "unknown" },
    ["ENCRYPTED_LUKS", "ROOT_UNREADABLE"],
  ],
  [
    "a Linux on xfs",
    opaqueRootDisk("rocky", 0, "XFSB"),
    { distribution: "rocky", filesystems: ["fat16", "xfs"] },
    ["ROOT_UNREADABLE"],
  ],
  [
    "a Linux on btrfs",
    opaqueRootDisk("sles", 0x10040, "_BHRfS_M"),
    { distribution: "sles", filesystems: ["fat16", "btrfs"] },
    ["ROOT_UNREADABLE"],
  ],
  [
    "a Windows under BitLocker",
    opaqueRootDisk("Microsoft", 3, "-FVE-FS-"),
    {
      osFamily: "Windows",
      encryption: "bitlocker",
      generalized: "unknown",
      filesystems: ["fat16", "bitlocker"],
    },
    ["ENCRYPTED_BITLOCKER"],
  ],
  [
    "swap where an image has none",
    opaqueRootDisk("debian", 4086, "SWAPSPACE2"),
    { filesystems: ["fat16", "swap"] },
    ["SWAP_PARTITION", "ROOT_UNREADABLE"],
  ],
  [
    "a data disk with a partition",
    gptDisk([{ type: GUIDS.basicData, volume: ntfsVolume({ "data.bin": new Uint8Array(9) }).disk }]),
    {
      scheme: "gpt",
      generation: "unknown",
      architecture: "unknown",
      osFamily: "unknown",
      generalized: "unknown",
    },
    ["NO_BOOT_LOADER", "NO_OPERATING_SYSTEM"],
  ],
  [
    "a filesystem without a partition table",
    extVolume({ "lost+found/x": "" }).disk,
    { scheme: "none", blank: false, filesystems: ["ext4"] },
    ["NO_PARTITION_TABLE"],
  ],
  [
    "bytes that mean nothing",
    new SparseDisk(MIB).write(7, latin1Bytes("noise")),
    { scheme: "none", blank: false, filesystems: [] },
    ["NO_PARTITION_TABLE"],
  ],
  ["zeros", new SparseDisk(24 * MIB), { scheme: "none", blank: true, filesystems: [] }, ["DISK_BLANK"]],
];

describe("what is inside", () => {
  test.each(SYSTEMS)("%s", async (_what, disk, facts, codes) => {
    const found = await inspect(disk);
    expect(found).toMatchObject(facts);
    expect(codesOf(found)).toEqual(codes);
  });

  test.each(SYSTEMS)(
    "%s: found by less than 50 requests and 1.5 MiB, with windows above",
    async (_what, disk) => {
      const reader = budgetedReader(disk.reader(), { maxBytes: 1.5 * MIB - 1, maxRequests: 49 });
      expect(codesOf(await inspectDisk(reader))).not.toContain("INSPECTION_CUT_SHORT");
    },
  );

  test.each([
    [64 * 1024, 49, 2.5 * MIB],
    [16 * 1024, 49, 0.75 * MIB],
  ])(
    "a root whose blocks are all over the disk: through windows of %i bytes, at most %i requests",
    async (windowBytes, maxRequests, maxBytes) => {
      const root = { ...GENERALIZED_ROOT, ...LIVED_IN };
      const disk = linuxGen2Disk({ root, ext: { spreadBlocks: 256 } });
      const reader = budgetedReader(disk.reader(), { maxBytes, maxRequests, windowBytes });
      expect(await inspectDisk(reader)).toMatchObject({ distribution: "debian", generalized: "no" });
      expect(reader.requests).toBeGreaterThan(20);
    },
  );

  test("keeps partitions under the numbers of their table, with what they hold", async () => {
    const { partitions } = await inspect(linuxGen2Disk());
    expect(partitions).toMatchObject([
      { number: 1, offsetBytes: MIB, type: GUIDS.efiSystem, name: "EFI System", filesystem: "fat16" },
      { number: 2, type: GUIDS.linux, name: "root", filesystem: "ext4" },
    ]);
  });
});

describe("limits", () => {
  test("an inspection that runs out of them says so and tells what it knows", async () => {
    const facts = await inspectDisk(linuxGen2Disk().reader(), { maxReads: 12, maxBytes: MIB });
    expect(codesOf(facts)).toEqual(["INSPECTION_CUT_SHORT"]);
    expect(facts).toMatchObject({ scheme: "gpt", generation: "unknown", osFamily: "unknown" });
  });

  test("the budget of the reader above counts as such", async () => {
    const reader = budgetedReader(linuxGen2Disk().reader(), { maxBytes: 128 * 1024, maxRequests: 2 });
    expect(codesOf(await inspectDisk(reader))).toEqual(["INSPECTION_CUT_SHORT"]);
  });

  test("an error of the reader comes out as it is", async () => {
    const gone = new Error("412");
    const reader: RangeReader = { sizeBytes: 64 * MIB, read: () => Promise.reject(gone) };
    await expect(inspectDisk(reader)).rejects.toBe(gone);
  });

  test.each([0, 1, 511, 512, 513, 1024, 4096, 66000])(
    "a disk of %i bytes has facts too",
    async (sizeBytes) => {
      expect((await inspectDisk(bytesReader(new Uint8Array(sizeBytes)))).scheme).toBe("none");
      expect((await inspectDisk(bytesReader(new Uint8Array(sizeBytes).fill(0xff)))).scheme).toBe("none");
    },
  );

  test("a disk of 32 TiB costs what a small one costs", async () => {
    const large = new SparseDisk(32 * 2 ** 40).place(0, linuxGen1Disk());
    const reader = budgetedReader(large.reader(), { maxBytes: 1.5 * MIB, maxRequests: 49 });
    expect(await inspectDisk(reader)).toMatchObject({ generation: "V1", distribution: "debian" });
  });

  test("a thousand partitions are not all opened", async () => {
    const volume = new SparseDisk(MIB);
    const disk = gptDisk(Array.from({ length: 100 }, () => ({ type: GUIDS.linux, volume })));
    const facts = await inspectDisk(budgetedReader(disk.reader(), { maxBytes: 8 * MIB, maxRequests: 200 }));
    expect(facts.partitions).toHaveLength(100);
    expect(codesOf(facts)).toContain("INSPECTION_CUT_SHORT");
  });
});
