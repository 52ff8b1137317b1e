/** What the capture runbook can do, by name. Each takes and returns plain data that may be stored in clear. */
import type { Outcome } from "../domain/outcome.js";
import type { VmSummary } from "../domain/vm.js";
import type { SealJudgement } from "../domain/guest/seal-outcome.js";
import { activity, operation } from "./activity.js";
import type { Tags } from "./image-activities.js";
import { STUBBORN } from "./retry.js";
import type { CaptureRequest } from "./capture-request.js";

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

export interface SealOrder {
  readonly runId: string;
  readonly vm: VmSummary;
  /** The VM to seal: the working VM, or the source in place. */
  readonly vmId: string;
  readonly guest: CaptureRequest["guest"];
  readonly limitMinutes: number;
}

export const inspectVm = activity<{ runId: string; vmId: string }, Outcome<VmSummary>>("inspectVm");
export const holdVm = activity<{ vmId: string; runId: string }, Outcome<{ heldBy: string }>>("holdVm");
export const releaseVm = activity<{ vmId: string; runId: string }, null>("releaseVm", STUBBORN);

export const createRestorePoint = operation<{ pointId: string; vm: VmSummary; tags: Tags }, Backup>(
  "createRestorePoint",
);
export const createSnapshot = operation<
  { snapshotId: string; diskId: string; lun: number; sizeGb: number; location: string; tags: Tags },
  BackedUpDisk
>("createSnapshot");
export const proveBackup = activity<
  { runId: string; backup: Backup; vm: VmSummary },
  Outcome<{ summary: string }>
>("proveBackup");

export const createDisk = operation<DiskFromBackup>("createDisk");
export const createWorkingVm = operation<WorkingVm>("createWorkingVm");
export const askGuest = operation<
  {
    vmId: string;
    osType: VmSummary["osType"];
    script: "preflight" | "seal-log";
    name: string;
    runId: string;
  },
  { output: string }
>("askGuest");

export const startSeal = activity<SealOrder, Outcome<null>>("startSeal");
export const askSeal = activity<SealOrder & { elapsedMinutes: number }, Outcome<SealJudgement>>("askSeal");
export const deallocateVm = operation<{ vmId: string }>("deallocateVm");
export const startVm = operation<{ vmId: string }>("startVm");
export const markGeneralized = activity<{ vmId: string }, Outcome<null>>("markGeneralized");
