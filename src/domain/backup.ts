/** A backup of a VM, and what is made from it. */
import type { Tags } from "./image-order.js";
import type { VmSummary } from "./vm.js";

export interface BackedUpDisk {
  /** -1 for the OS disk. */
  readonly lun: number;
  /** A disk restore point or a snapshot. */
  readonly id: string;
  readonly sizeGb: number;
}

export interface Backup {
  readonly kind: "restore-point" | "snapshots";
  /** What to delete to be rid of it. */
  readonly ids: readonly string[];
  readonly disks: readonly BackedUpDisk[];
  readonly consistency: string;
}

export interface DiskFromBackup {
  readonly diskId: string;
  readonly source: BackedUpDisk;
  readonly vm: VmSummary;
  readonly tags: Tags;
}

export interface WorkingVm {
  readonly vmId: string;
  readonly source: VmSummary;
  /** The OS disk first. */
  readonly diskIds: readonly string[];
  readonly subnetId: string;
  readonly tags: Tags;
}

export interface RestorePointOrder {
  readonly pointId: string;
  readonly vm: VmSummary;
  readonly tags: Tags;
}

export interface SnapshotOrder {
  readonly snapshotId: string;
  readonly diskId: string;
  readonly lun: number;
  readonly sizeGb: number;
  readonly location: string;
  readonly tags: Tags;
}
