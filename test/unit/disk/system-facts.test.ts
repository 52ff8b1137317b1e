import { describe, expect, test } from "vitest";
import type { DiskFacts, DiskFindingCode } from "../../../src/domain/disk/facts.js";
import { inspectDisk } from "../../../src/domain/disk/inspect-disk.js";
import { gptDisk, GUIDS, latin1Bytes, mbrDisk, type SparseDisk } from "../../support/disk-builder.js";
import { type ExtFile, extVolume } from "../../support/disk-ext.js";
import { STUB } from "../../support/disk-fat.js";
import { ntfsVolume } from "../../support/disk-ntfs.js";
import { MACHINES, peFile } from "../../support/disk-pe.js";
import {
  BOOT_MANAGER,
  GENERALIZED_ROOT,
  KERNEL,
  linuxGen2Disk,
  signatureVolume,
  WINDOWS_ROOT,
} from "../../support/disk-systems.js";

const inspect = (disk: SparseDisk) => inspectDisk(disk.reader());
const codesOf = ({ findings }: DiskFacts): DiskFindingCode[] => findings.map(({ code }) => code);
const without = <T>(files: Readonly<Record<string, T>>, ...paths: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !paths.some((gone) => path.startsWith(gone))));

describe("boot evidence", () => {
  test.each([
    ["an ESP with nothing in it", {}, "unknown", ["ESP_WITHOUT_LOADER", "NO_BOOT_LOADER"]],
    [
      "a loader that is a text file",
      { "EFI/BOOT/BOOTX64.EFI": latin1Bytes("echo") },
      "unknown",
      ["ESP_WITHOUT_LOADER", "NO_BOOT_LOADER"],
    ],
    ["a loader that was cut off", { "EFI/BOOT/BOOTX64.EFI": STUB }, "V2", ["LOADER_DAMAGED"]],
    [
      "a PE header said to be beyond the file",
      { "EFI/BOOT/BOOTX64.EFI": peFile().fill(0xff, 60, 64) },
      "V2",
      ["LOADER_DAMAGED"],
    ],
    ["an unsigned loader", { "EFI/BOOT/BOOTX64.EFI": peFile({ signed: false }) }, "V2", ["LOADER_UNSIGNED"]],
    [
      "only a loader of 32 bits",
      { "EFI/BOOT/BOOTIA32.EFI": peFile({ machine: MACHINES.x86, magic: 0x10b }) },
      "unknown",
      ["ARCHITECTURE_UNSUPPORTED", "NO_BOOT_LOADER"],
    ],
    ["a loader in lower case", { "efi/boot/bootx64.efi": peFile() }, "V2", []],
    [
      "loaders for two processors",
      { "EFI/BOOT/BOOTX64.EFI": peFile(), "EFI/BOOT/BOOTAA64.EFI": peFile({ machine: MACHINES.arm64 }) },
      "V2",
      ["ARCHITECTURE_CONFLICT"],
    ],
    [
      "only Windows' own loader",
      { "EFI/Microsoft/Boot/bootmgfw.efi": peFile({ machine: MACHINES.arm64 }) },
      "V2",
      [],
    ],
  ] as const)("%s", async (_what, esp, generation, codes) => {
    const facts = await inspect(linuxGen2Disk({ esp }));
    expect(facts.generation).toBe(generation);
    expect(codesOf(facts)).toEqual(codes);
  });

  test("is not made of boot code alone, nor of an active partition alone", async () => {
    const volume = extVolume(GENERALIZED_ROOT).disk;
    expect((await inspect(mbrDisk([{ type: 0x83, volume }]))).generation).toBe("unknown");
    expect((await inspect(mbrDisk([{ type: 0x83, volume, active: true }], ""))).generation).toBe("unknown");
  });
});

describe("a Linux root", () => {
  const change = async (more: Readonly<Record<string, ExtFile>>, ...gone: string[]) =>
    inspect(linuxGen2Disk({ root: { ...without(GENERALIZED_ROOT, ...gone), ...more } }));

  test.each([
    [
      "has a machine-id",
      { "etc/machine-id": "0123456789abcdef0123456789abcdef\n" },
      [],
      "no",
      ["MACHINE_ID_PRESENT"],
    ],
    ["has an empty machine-id", { "etc/machine-id": "" }, [], "yes", []],
    ["has no machine-id", {}, ["etc/machine-id"], "yes", []],
    ["has an SSH host key", { "etc/ssh/ssh_host_rsa_key": "k" }, [], "no", ["SSH_HOST_KEYS_PRESENT"]],
    ["has only the public half of one", { "etc/ssh/ssh_host_rsa_key.pub": "k" }, [], "yes", []],
    [
      "has a user without keys",
      { "etc/passwd": "a:x:1000:1000::/home/a:/bin/sh\n" },
      [],
      "yes",
      ["USERS_PRESENT"],
    ],
    ["has neither agent", {}, ["etc/waagent.conf", "etc/cloud"], "yes", ["PROVISIONING_AGENT_MISSING"]],
    [
      "has waagent without its configuration",
      { "usr/sbin/waagent": "#!" },
      ["etc/waagent.conf", "etc/cloud"],
      "yes",
      [],
    ],
    [
      "lacks hv_vmbus",
      { [`usr/lib/modules/${KERNEL}/modules.builtin`]: "kernel/fs/x.ko\n" },
      [],
      "yes",
      ["HYPERV_DRIVERS_MISSING"],
    ],
    [
      "has a newer kernel without drivers",
      { "usr/lib/modules/6.10.0/modules.builtin": "" },
      [],
      "yes",
      ["HYPERV_DRIVERS_MISSING"],
    ],
    ["keeps a folder of a removed kernel", { "usr/lib/modules/6.10.0/extra/x": "" }, [], "yes", []],
  ] as const)("that %s", async (_what, more, gone, generalized, codes) => {
    const facts = await change(more, ...gone);
    expect(facts.generalized).toBe(generalized);
    expect(codesOf(facts)).toEqual(codes);
  });

  test.each([
    ["quotes its values", "ID='fedora'\nVERSION_ID=\"41\"\n", "fedora", "41"],
    ["has comments and spaces", '# ID=no\n  ID=alpine  \nNAME="x"\nVERSION_ID=3.20.1\n', "alpine", "3.20.1"],
    ["has no version", "ID=arch\n", "arch", undefined],
    [
      "would break a line and hide its end",
      'ID="a\u001b[2Jb\u202ec\u2028d"\nVERSION_ID=1\n',
      "a\\u{1b}[2Jb\\u{202e}c\\u{2028}d",
      "1",
    ],
    ["is of 200 letters", `ID=${"x".repeat(200)}\n`, `${"x".repeat(64)}…`, undefined],
    ["is noise", "\0\0\0=\n====\n", undefined, undefined],
  ])("with an os-release that %s", async (_what, text, distribution, version) => {
    const facts = await change({ "usr/lib/os-release": text });
    expect([facts.distribution, facts.version]).toEqual([distribution, version]);
    expect(facts.osFamily).toBe("Linux");
  });

  test("is preferred to what the ESP says", async () => {
    const facts = await inspect(
      linuxGen2Disk({ esp: { "EFI/BOOT/BOOTX64.EFI": peFile(), "EFI/ubuntu/x": new Uint8Array(1) } }),
    );
    expect(facts.distribution).toBe("debian");
  });

  test("beside another is said to be one of two", async () => {
    const disk = gptDisk([
      { type: GUIDS.linux, volume: extVolume(GENERALIZED_ROOT).disk },
      { type: GUIDS.basicData, volume: ntfsVolume({ ...WINDOWS_ROOT, ...BOOT_MANAGER }).disk },
    ]);
    const facts = await inspect(disk);
    expect(facts.osFamily).toBe("Linux");
    expect(codesOf(facts)).toContain("SEVERAL_OPERATING_SYSTEMS");
  });
});

describe("a root that is not read", () => {
  const grub = "\xeb\x63\x90GRUB";
  test.each([
    ["xfs", 0, "XFSB"],
    ["btrfs", 0x10040, "_BHRfS_M"],
    ["lvm2", 512 + 24, "LVM2 001"],
  ])("on %s is a Linux where the disk boots, and data where it does not", async (kind, offset, magic) => {
    const volumes = [{ type: 0x83, volume: signatureVolume(offset, magic), active: true }];
    const system = await inspect(mbrDisk(volumes, grub));
    expect(system).toMatchObject({
      generation: "V1",
      osFamily: "Linux",
      generalized: "unknown",
      filesystems: [kind],
    });
    expect(codesOf(system)).toContain("ROOT_UNREADABLE");
    const data = await inspect(mbrDisk(volumes, ""));
    expect(data.osFamily).toBe("unknown");
    expect(codesOf(data)).toContain("NO_OPERATING_SYSTEM");
  });
});
