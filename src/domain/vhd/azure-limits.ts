/** What Azure takes as a disk. Each number names the document it stands in (learn.microsoft.com, 2026). */
import { GIB, MIB, roundUp, TIB } from "./layout.js";

/** A virtual size must be whole MiB ("Prepare a Windows VHD to upload": Size % 1 MiB = 0). */
export const SIZE_STEP_BYTES = MIB;
/** The least a managed disk can be filled with (DiskCreationData.uploadSizeBytes: 20 MiB + 512). */
export const MIN_DISK_BYTES = 20 * MIB;
/** "Prepare a Windows VHD to upload": a generation 1 OS disk, by the reach of its MBR. */
export const MAX_GEN1_OS_DISK_BYTES = 2048 * GIB;
/** "Support for generation 2 VMs", FAQ: OS disks above 4 TiB are not supported. */
export const MAX_GEN2_OS_DISK_BYTES = 4 * TIB;
/** "Create an image version": a data disk of a gallery image. */
export const MAX_DATA_DISK_BYTES = TIB;

/** The size of the disk that is made: whole MiB, and never less than Azure takes. What is added reads as zeros. */
export const mendedSizeBytes = (virtualBytes: number): number =>
  Math.max(MIN_DISK_BYTES, roundUp(virtualBytes, SIZE_STEP_BYTES));
