/** Rebuilding a source VM from its backup and the model that was saved before anything was done to it. */
import type { Backup } from "./backup.js";
import { RESTORED_DISK_PREFIX, nameFrom } from "./names.js";
import { parentId, resourceName, sameResource } from "./resource-id.js";
import { placeName, type VmFacts, type VmSummary } from "./vm.js";

/** What a capture keeps when its backup is proved, before it does anything irreversible. */
export interface KeptCapture {
  readonly vm: VmSummary;
  readonly backup: Backup;
}

/** What is kept with the VM's model, for people and for what becomes of the VM. */
export interface KeptModel {
  /** What would be lost if the VM were rebuilt, in words. */
  readonly lost: readonly string[];
  /** Disks and network interfaces that were to be deleted with the VM. */
  readonly goesWith: readonly string[];
}

/** What a restore goes by. */
export interface RestorePlan extends KeptCapture {
  /** The disks of the VM that exists now or, if there is none, those that it had. They are kept. */
  readonly replacedDisks: readonly string[];
  readonly vmExists: boolean;
  /** What the VM does not get back, in words for people. */
  readonly warnings: readonly string[];
}

export interface RestoredVm {
  readonly captureId: string;
  readonly vmId: string;
  readonly disks: readonly { readonly lun: number; readonly id: string }[];
}

/** Beside the disk that it replaces, under a name of this restore. */
export const restoredDiskId = (restoreId: string, replaced: string, lun: number): string =>
  `${parentId(replaced)}/disks/${RESTORED_DISK_PREFIX}${nameFrom(restoreId)}-${placeName(lun)}`;

/**
 * Whether the existing VM of that name may be replaced: it is the one that was captured, or one that an earlier
 * restore created. Any other is someone's new VM.
 */
export const mayReplace = (saved: VmSummary, { nature, disks }: VmFacts): boolean =>
  sameResource(saved.id, nature.id) &&
  (saved.vmId === nature.vmId ||
    resourceName(disks.find(({ lun }) => lun < 0)?.id ?? "").startsWith(RESTORED_DISK_PREFIX));
