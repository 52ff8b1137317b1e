/** A backup of a VM, and what is made from it. */
import type { Tags } from "./image-order.js";
import { parseResourceId } from "./resource-id.js";
import type { VmSummary } from "./vm.js";

export interface BackedUpDisk {
  /** -1 for the OS disk. */
  readonly lun: number;
  /** A disk restore point or a snapshot. */
  readonly id: string;
}

/** A disk of a backup as it was found when it was read. */
export interface HeldDisk extends BackedUpDisk {
  /** Azure's provisioning state of the restore point or snapshot, as in "Succeeded". */
  readonly state: string;
  /** Size and id of the disk that was backed up; Azure does not always report them. */
  readonly sizeGb?: number;
  readonly of?: string;
}

/** Where a backup's disks are read: a restore point contains all of them, a snapshot one. */
export interface BackupPart {
  readonly kind: Backup["kind"];
  readonly id: string;
  readonly lun: number;
}

export interface Backup {
  readonly kind: "restore-point" | "snapshots";
  /** What to delete to remove it. */
  readonly ids: readonly string[];
  readonly disks: readonly BackedUpDisk[];
  readonly consistency: string;
}

export interface DiskFromBackup {
  /** Under whose documents the model of the source VM's disk is kept. */
  readonly captureId: string;
  readonly diskId: string;
  readonly source: BackedUpDisk;
  readonly sizeGb: number;
  readonly tags: Tags;
}

/** What a disk made from a backup is proved by. */
export type SizedDisk = Pick<DiskFromBackup, "diskId" | "sizeGb">;

export interface WorkingVm {
  readonly vmId: string;
  readonly source: VmSummary;
  /** Copies of the source's, by LUN; -1 for the OS disk. */
  readonly disks: readonly { readonly lun: number; readonly id: string }[];
  readonly subnetId: string;
  readonly tags: Tags;
}

export interface RestorePointOrder {
  readonly pointId: string;
  readonly vm: Pick<VmSummary, "id" | "location">;
  /** The guest cannot be asked to quiesce. */
  readonly crashConsistent: boolean;
  readonly tags: Tags;
}

export interface SnapshotOrder {
  readonly captureId: string;
  readonly snapshotId: string;
  readonly diskId: string;
  readonly lun: number;
  readonly tags: Tags;
}

export type SnapshotQuestion = Pick<SnapshotOrder, "snapshotId" | "lun">;

export const partsOf = ({ kind, ids, disks }: Backup): readonly BackupPart[] =>
  kind === "restore-point"
    ? ids.slice(0, 1).map((id) => ({ kind, id, lun: -1 }))
    : disks.map(({ id, lun }) => ({ kind, id, lun }));

/** In a few words, for finding it after the run. */
export function whereKept({ kind, ids: [first = "", ...others] }: Backup): string {
  const { names = [], resourceGroup = "" } = parseResourceId(first) ?? {};
  const more = kind === "snapshots" && others.length > 0 ? ` and ${others.length} more` : "";
  return `${kind} ${names.join("/")}${more} in ${resourceGroup}`;
}
