/** What prevents a VM made from a Linux image from starting, or from using another size: mounts and drivers. */
import type { LinuxFacts } from "./facts.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** Source: Microsoft, "Prepare a Red Hat-based virtual machine for Azure" and its siblings (nvme_core.io_timeout). */
const LONG_IO_SECONDS = 240;

export const bootRows: readonly Row<LinuxFacts>[] = [
  {
    id: "fstab-names",
    title: "fstab identifies file systems by UUID",
    look: ({ fstabByDeviceName }) =>
      known(fstabByDeviceName, (lines) =>
        lines.length === 0
          ? pass("No entry uses a device name.")
          : warn(
              `Identified by device name: ${some(lines)}. Device names change between boots and VM sizes.`,
              "Use UUID= or a link under /dev/disk.",
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
              `Without nofail: ${some(lines)}. A VM made from an OS image would stop at boot.`,
              "Add nofail, or make a VM image, which includes the data disks.",
            ),
      ),
  },
  {
    id: "fstab-sources",
    title: "Every device that fstab requires exists",
    look: ({ fstabWithoutSource }) =>
      known(fstabWithoutSource, (lines) =>
        lines.length === 0
          ? pass("No device is missing.")
          : warn(
              `No device matches ${some(lines)}. A new VM would wait for it at boot and may stop there.`,
              "Correct the line, remove it, or add nofail.",
            ),
      ),
  },
  {
    id: "hyperv-drivers",
    title: "The kernel supports Hyper-V",
    look: ({ hypervDrivers }) =>
      known(hypervDrivers, (there) =>
        there
          ? pass("hv_vmbus, hv_storvsc and hv_netvsc are available.")
          : block(
              "The kernel lacks a Hyper-V driver: a new VM would have no disk or no network.",
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
                "The initramfs lacks the nvme module: VM sizes with an NVMe OS disk will not boot.",
                "Add nvme to the initramfs (dracut, update-initramfs) to use those sizes.",
              )
            : seconds < LONG_IO_SECONDS
              ? warn(
                  `NVMe requests time out after ${seconds} s; an Azure disk that is throttled or moved can take longer.`,
                  `To use VM sizes with NVMe disks, start the kernel with nvme_core.io_timeout=${LONG_IO_SECONDS}.`,
                )
              : pass("The nvme module is available, and its timeout is long enough."),
        ),
      ),
  },
];
