/**
 * The disk that the demo drops: a generalized Linux system of generation 2, as far as one can say that without
 * starting it. The data is spread over the disk, so that most of it is holes.
 */
import { createHash } from "node:crypto";
import type { DynamicVhd } from "./dynamic-vhd.js";
import { dynamicVhd } from "./dynamic-vhd.js";
import { efiSystemPartition } from "./efi-system-partition.js";
import type { FilePlan } from "./ext4.js";
import { ext4 } from "./ext4.js";
import type { Extent } from "./extent.js";
import { moved, noise, readExtents } from "./extent.js";
import { EFI_SYSTEM, LINUX_ROOT_X64, SECTOR_BYTES, guidBytes, guidPartitionTable } from "./gpt.js";

const MIB = 1024 * 1024;

export interface DemoDisk {
  readonly sizeBytes: number;
  readonly dataBytes: number;
  readonly vhd: DynamicVhd;
  /** What a VM would read there. */
  read(offset: number, length: number): Buffer;
}

const KERNEL = "6.12.0-demo-cloud-amd64";

const system: readonly FilePlan[] = [
  {
    path: "usr/lib/os-release",
    text: 'PRETTY_NAME="Debian GNU/Linux 13 (demo disk)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n',
  },
  { path: "etc/os-release", linkTo: "../usr/lib/os-release" },
  {
    path: "etc/fstab",
    text: "PARTLABEL=root / ext4 defaults 0 1\nPARTLABEL=esp /boot/efi vfat nofail 0 2\n",
  },
  { path: "etc/machine-id", text: "" },
  { path: "etc/passwd", text: "root:x:0:0:root:/root:/bin/sh\n" },
  { path: "etc/cloud/cloud.cfg", text: "datasource_list: [ Azure ]\n" },
  { path: "etc/waagent.conf", text: "Provisioning.Agent=auto\n" },
  { path: "etc/ssh/sshd_config", text: "PasswordAuthentication no\n" },
  { path: "usr/bin/cloud-init", text: "#!/bin/sh\nexit 0\n", mode: 0o755 },
  { path: "usr/sbin/waagent", text: "#!/bin/sh\nexit 0\n", mode: 0o755 },
  { path: "lib", linkTo: "usr/lib" },
  {
    path: `usr/lib/modules/${KERNEL}/modules.builtin`,
    text: ["hv/hv_vmbus", "scsi/hv_storvsc", "net/hyperv/hv_netvsc", "nvme/host/nvme"]
      .map((module) => `kernel/drivers/${module}.ko\n`)
      .join(""),
  },
];

export function demoDisk({ sizeGib, dataMib }: { sizeGib: number; dataMib: number }): DemoDisk {
  const sizeBytes = sizeGib * 1024 * MIB;
  const id = (what: string) => createHash("sha256").update(`vmimage demo ${what}`).digest().subarray(0, 16);
  const partitions = {
    esp: { offsetBytes: 1 * MIB, sizeBytes: 99 * MIB },
    root: { offsetBytes: 100 * MIB, sizeBytes: sizeBytes - 101 * MIB },
  };
  const files = [...system, { path: "srv/data.bin", content: noise("vmimage demo data", 0, dataMib * MIB) }];
  const extents: Extent[] = [
    ...guidPartitionTable(sizeBytes, "5d2ff1c0-8f0c-4f0e-9d59-7a3a7c2b1e01", [
      { type: EFI_SYSTEM, id: "5d2ff1c0-8f0c-4f0e-9d59-7a3a7c2b1e02", name: "esp", ...partitions.esp },
      { type: LINUX_ROOT_X64, id: "5d2ff1c0-8f0c-4f0e-9d59-7a3a7c2b1e03", name: "root", ...partitions.root },
    ]),
    ...efiSystemPartition(partitions.esp.sizeBytes, partitions.esp.offsetBytes / SECTOR_BYTES, "debian").map(
      (extent) => moved(extent, partitions.esp.offsetBytes),
    ),
    ...ext4(partitions.root.sizeBytes, id("root"), "root", files).map((extent) =>
      moved(extent, partitions.root.offsetBytes),
    ),
  ];
  return {
    sizeBytes,
    dataBytes: dataMib * MIB,
    vhd: dynamicVhd({ sizeBytes, id: guidBytes("5d2ff1c0-8f0c-4f0e-9d59-7a3a7c2b1e04"), extents }),
    read: (offset, length) => readExtents(extents, offset, length),
  };
}
