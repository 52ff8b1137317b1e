/** Whole system disks of the kinds that people upload, put together from the volumes beside this file. */
import { gptDisk, type GptOptions, GUIDS, latin1Bytes, mbrDisk, SparseDisk } from "./disk-builder.js";
import { type ExtFile, type ExtOptions, extVolume } from "./disk-ext.js";
import { type FatFiles, fatVolume, type FatWidth } from "./disk-fat.js";
import { type NtfsOptions, ntfsVolume } from "./disk-ntfs.js";
import { peFile } from "./disk-pe.js";

export const KERNEL = "6.1.0-50-cloud-amd64";

/** A Debian root as it is after waagent -deprovision and cloud-init clean. */
export const GENERALIZED_ROOT: Readonly<Record<string, ExtFile>> = {
  "etc/os-release": { link: "../usr/lib/os-release" },
  "etc/machine-id": "uninitialized\n",
  "etc/fstab": "UUID=0 / auto defaults 0 1\n",
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
  "etc/ssh/sshd_config": "PermitRootLogin no\n",
  "etc/waagent.conf": "Provisioning.Agent=auto\n",
  "etc/cloud/cloud.cfg": "disable_root: true\n",
  lib: { link: "usr/lib" },
  "usr/lib/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
  [`usr/lib/modules/${KERNEL}/modules.builtin`]: "kernel/drivers/hv/hv_vmbus.ko\n",
  [`usr/lib/modules/${KERNEL}/kernel/drivers/scsi/hv_storvsc.ko.xz`]: "module",
  "var/lib/cloud/seed/README": "",
};

/** What a machine leaves in its root while it lives. */
export const LIVED_IN: Readonly<Record<string, ExtFile>> = {
  "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nazureuser:x:1000:1000::/home/azureuser:/bin/bash\n",
  "etc/ssh/ssh_host_ed25519_key": "key",
  "etc/ssh/ssh_host_ed25519_key.pub": "key",
  "home/azureuser/.ssh/authorized_keys": "ssh-ed25519 AAAA somebody\n",
  "var/lib/cloud/instances/5f3c/boot-finished": "yes",
};

export const DEBIAN_ESP: FatFiles = {
  "EFI/BOOT/BOOTX64.EFI": peFile(),
  "EFI/debian/shimx64.efi": peFile(),
  "EFI/debian/grub.cfg": latin1Bytes("search.fs_uuid"),
};

export interface LinuxDiskOptions extends GptOptions {
  readonly esp?: FatFiles;
  readonly fat?: FatWidth;
  readonly root?: Readonly<Record<string, ExtFile>>;
  readonly ext?: ExtOptions;
}

export function linuxGen2Disk(options: LinuxDiskOptions = {}): SparseDisk {
  const { esp = DEBIAN_ESP, fat = 16, root = GENERALIZED_ROOT, ext = {}, ...gpt } = options;
  return gptDisk(
    [
      { type: GUIDS.efiSystem, volume: fatVolume(fat, esp).disk, name: "EFI System" },
      { type: GUIDS.linux, volume: extVolume(root, ext).disk, name: "root" },
    ],
    gpt,
  );
}

export const linuxGen1Disk = (root = GENERALIZED_ROOT, code = "\xeb\x63\x90\x00GRUB \x00Geom"): SparseDisk =>
  mbrDisk([{ type: 0x83, volume: extVolume(root, { layout: "pointers" }).disk, active: true }], code);

export const WINDOWS_ROOT: Readonly<Record<string, Uint8Array>> = {
  "Windows/System32/ntoskrnl.exe": peFile({ version: [10, 0, 20348, 2340] }),
  "Windows/System32/config/SYSTEM": latin1Bytes("regf"),
  ...Object.fromEntries(
    Array.from({ length: 120 }, (_, index) => [`Windows/System32/component-${index}.dll`, new Uint8Array(8)]),
  ),
  "Windows/System32/Sysprep/Sysprep_succeeded.tag": new Uint8Array(0),
};
export const BOOT_MANAGER = { bootmgr: new Uint8Array(2000), "Boot/BCD": latin1Bytes("regf") };

export const windowsGen1Disk = (files = WINDOWS_ROOT, options: NtfsOptions = {}): SparseDisk =>
  mbrDisk([
    { type: 7, volume: ntfsVolume(BOOT_MANAGER).disk, active: true },
    { type: 7, volume: ntfsVolume(files, options).disk },
  ]);

export const windowsGen2Disk = (files = WINDOWS_ROOT): SparseDisk =>
  gptDisk([
    {
      type: GUIDS.efiSystem,
      volume: fatVolume(32, {
        "EFI/BOOT/BOOTX64.EFI": peFile(),
        "EFI/Microsoft/Boot/bootmgfw.efi": peFile(),
        "EFI/Microsoft/Boot/BCD": latin1Bytes("regf"),
      }).disk,
    },
    { type: "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", volume: new SparseDisk(1024 * 1024) },
    { type: GUIDS.basicData, volume: ntfsVolume(files).disk },
  ]);

/** A volume that is only a signature. */
export const signatureVolume = (offset: number, magic: string): SparseDisk =>
  new SparseDisk(2 * 1024 * 1024).write(offset, latin1Bytes(magic));

/** An EFI system partition and one more volume of which only the kind can be told. */
export const opaqueRootDisk = (vendor: string, offset: number, magic: string): SparseDisk =>
  gptDisk([
    {
      type: GUIDS.efiSystem,
      volume: fatVolume(16, {
        "EFI/BOOT/BOOTX64.EFI": peFile(),
        [`EFI/${vendor}/grub.cfg`]: new Uint8Array(1),
      }).disk,
    },
    { type: GUIDS.linux, volume: signatureVolume(offset, magic) },
  ]);
