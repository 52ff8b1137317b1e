/** What keeps a VM from starting that is made from a Linux image, or on another size: mounts and drivers. */
import type { LinuxFacts } from "./facts.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** Source: Microsoft, "Prepare a Red Hat-based virtual machine for Azure" and its siblings (nvme_core.io_timeout). */
const LONG_IO_SECONDS = 240;

export const bootRows: readonly Row<LinuxFacts>[] = [
  {
    id: "fstab-names",
    title: "fstab names file systems by UUID",
    look: ({ fstabByDeviceName }) =>
      known(fstabByDeviceName, (lines) =>
        lines.length === 0
          ? pass("No device names.")
          : warn(
              `By device name: ${some(lines)}; names change between boots and sizes.`,
              "Use UUID= or a link below /dev/disk.",
            ),
      ),
  },
  {
    id: "fstab-nofail",
    title: "A new VM boots without the data disks",
    look: ({ fstabWithoutNofail }) =>
      known(fstabWithoutNofail, (lines) =>
        lines.length === 0
          ? pass("No mount waits for a data disk.")
          : warn(
              `Without nofail: ${some(lines)}; a VM from an OS image would stop at boot.`,
              "Add nofail, or make a VM image with the data disks.",
            ),
      ),
  },
  {
    id: "fstab-sources",
    title: "What fstab waits for is there",
    look: ({ fstabWithoutSource }) =>
      known(fstabWithoutSource, (lines) =>
        lines.length === 0
          ? pass("Every file system that is waited for has its device.")
          : warn(
              `No device here has ${some(lines)}; a new VM would wait for it at boot, and may stop there.`,
              "Correct the line, remove it, or add nofail.",
            ),
      ),
  },
  {
    id: "hyperv-drivers",
    title: "The kernel knows Hyper-V",
    look: ({ hypervDrivers }) =>
      known(hypervDrivers, (there) =>
        there
          ? pass("hv_vmbus, hv_storvsc and hv_netvsc are there.")
          : block(
              "The kernel lacks a Hyper-V driver: no disk or no network in a new VM.",
              "Install a kernel with hv_vmbus, hv_storvsc and hv_netvsc.",
            ),
      ),
  },
  {
    id: "nvme-driver",
    title: "The guest can use NVMe disks",
    look: ({ nvmeInInitramfs, nvmeIoTimeout }) =>
      known(nvmeInInitramfs, (there) =>
        known(nvmeIoTimeout, (seconds) =>
          !there
            ? warn(
                "The initramfs lacks nvme: sizes with an NVMe OS disk will not boot.",
                "Add nvme to the initramfs (dracut, update-initramfs) to use those sizes.",
              )
            : seconds < LONG_IO_SECONDS
              ? warn(
                  `NVMe requests fail after ${seconds} s: a disk of Azure that is throttled or moved takes longer.`,
                  `Start the kernel with nvme_core.io_timeout=${LONG_IO_SECONDS} to use sizes with NVMe disks.`,
                )
              : pass("The nvme module is there, and patient."),
        ),
      ),
  },
];
