/** Making a source VM again from its backup and the model that was saved before anything was done to it. */
import type { BackedUpDisk, Backup } from "./backup.js";
import type { Tags } from "./image-order.js";
import { RESTORED_DISK_PREFIX, nameFrom } from "./names.js";
import { parentId, resourceName, sameResource } from "./resource-id.js";
import type { VmSummary } from "./vm.js";

/** What a restore goes by: both documents were written by the capture, before it did anything irreversible. */
export interface RestorePlan {
  readonly vm: VmSummary;
  readonly backup: Backup;
  /** The disks of the VM that stands there now, or, where none does, those that it had. They are kept. */
  readonly replacedDisks: readonly string[];
  readonly vmStands: boolean;
  /** Disks and network interfaces that were to be deleted with the VM, when it was captured. */
  readonly goesWith: readonly string[];
  /** What of the VM does not come back with it. */
  readonly warnings: readonly string[];
}

export interface RestoredDisk {
  /** Under whose documents the model is kept. */
  readonly captureId: string;
  readonly diskId: string;
  readonly source: BackedUpDisk;
  readonly sizeGb: number;
  readonly tags: Tags;
}

export interface RestoredVm {
  readonly captureId: string;
  readonly vmId: string;
  readonly disks: readonly { readonly lun: number; readonly id: string }[];
}

/** Beside the disk that it replaces, under a name of this restore. */
export const restoredDiskId = (restoreId: string, replaced: string, lun: number): string =>
  `${parentId(replaced)}/disks/${RESTORED_DISK_PREFIX}${nameFrom(restoreId)}-${lun < 0 ? "os" : `lun${lun}`}`;

/**
 * Whether the VM that stands under the name may be replaced: it is the one that was captured, or one that an earlier
 * restore made. Any other is somebody's new VM.
 */
export const mayReplace = (saved: VmSummary, standing: VmSummary): boolean =>
  sameResource(saved.id, standing.id) &&
  (saved.vmId === standing.vmId || resourceName(standing.osDisk.id).startsWith(RESTORED_DISK_PREFIX));
