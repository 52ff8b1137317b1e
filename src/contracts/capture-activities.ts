/** What the capture runbook can do, by name. Each takes and returns plain data that may be stored in clear. */
import type { Outcome } from "../domain/outcome.js";
import type { AttachedDisk, DiskFacts, VmFacts, VmState, VmSummary } from "../domain/vm.js";
import type { SealJudgement } from "../domain/guest/seal-outcome.js";
import { activity, operation, operationAbout } from "./activity.js";
import type {
  BackedUpDisk,
  Backup,
  BackupPart,
  DiskFromBackup,
  HeldDisk,
  RestorePointOrder,
  SizedDisk,
  SnapshotOrder,
  SnapshotQuestion,
  WorkingVm,
} from "../domain/backup.js";
import type { SurveyAnswer, SurveyQuestion } from "../domain/survey.js";
import type {
  GuestAsked,
  GuestLook,
  GuestQuestion,
  SealOrder,
  SealQuestion,
} from "../domain/guest-orders.js";
import type { KeptCapture, KeptModel, RestoredVm } from "../domain/restore.js";
import { STUBBORN } from "./retry.js";

export const inspectVm = activity<{ vmId: string }, Outcome<VmFacts>>("inspectVm");
/** What was set on the VM is kept under that run, for a restore to go by, and told to nobody. */
export const keepVm = activity<{ vmId: string; keepAs: string }, Outcome<null>>("keepVm");
/** With `keepAs`, what Azure gave is kept in the same way. */
export const inspectDisk = activity<{ diskId: string; lun: number; keepAs?: string }, Outcome<DiskFacts>>(
  "inspectDisk",
);
export const inspectInterface = activity<{ interfaceId: string }, Outcome<{ accelerated: boolean }>>(
  "inspectInterface",
);
/** What a capture kept when its backup was proved; null when it never came so far. */
export const recallCapture = activity<{ captureId: string }, Outcome<KeptCapture | null>>("recallCapture");
export const recallModel = activity<{ captureId: string }, Outcome<KeptModel | null>>("recallModel");
/** Stands in the VM's line: the run's turn has come when none is ahead of it. */
export const holdVm = activity<{ vmId: string; runId: string }, Outcome<{ heldBy: string; ahead: number }>>(
  "holdVm",
);
export const releaseVm = activity<{ vmId: string; runId: string }, null>("releaseVm", STUBBORN);
/** Lets go in the place of a run that has ended without doing so; says whether it did. */
export const releaseEnded = activity<{ vmId: string; heldBy: string }, boolean>("releaseEnded");

export const createRestorePoint = operation<RestorePointOrder, Backup>("createRestorePoint");
export const createSnapshot = operationAbout<SnapshotOrder, BackedUpDisk, SnapshotQuestion>(
  "createSnapshot",
  ({ snapshotId, lun }) => ({ snapshotId, lun }),
);
export const askBackup = activity<BackupPart, Outcome<readonly HeldDisk[]>>("askBackup");
/**
 * Compares what was found with the VM, and keeps both: from here on there is something to restore from. `attached` are
 * the VM's disks now, where the backup itself does not tell.
 */
export const proveBackup = activity<
  {
    runId: string;
    backup: Backup;
    held: readonly HeldDisk[];
    vm: VmSummary;
    attached?: readonly AttachedDisk[];
  },
  Outcome<{ summary: string }>
>("proveBackup");

const sizeOf = ({ diskId, sizeGb }: DiskFromBackup): SizedDisk => ({ diskId, sizeGb });
export const createDisk = operationAbout<DiskFromBackup, null, SizedDisk>("createDisk", sizeOf);
export const createWorkingVm = operationAbout<WorkingVm, null, { vmId: string }>(
  "createWorkingVm",
  ({ vmId }) => ({ vmId }),
);
export const surveyAzure = activity<SurveyQuestion, Outcome<SurveyAnswer>>("surveyAzure");
export const lookAtGuest = operation<GuestLook, { output: string }>("lookAtGuest");
export const askGuest = operationAbout<GuestQuestion, { output: string }, GuestAsked>(
  "askGuest",
  ({ vmId, script, runId }) => ({ vmId, script, runId }),
);

export const startSeal = activity<SealOrder, Outcome<null>>("startSeal");
export const askSeal = activity<SealQuestion, Outcome<SealJudgement>>("askSeal");
/** To be written before a guest is asked to seal itself: whoever goes on with the run knows that it may be changed. */
export const noteSealBegun = activity<{ runId: string }, Outcome<null>>("noteSealBegun");
/** Whether a former run began to seal a VM that now is in this state of power, and whether it came to its end. */
export const askFormerSeal = activity<
  { runId: string; power: string },
  Outcome<{ begun: boolean; sealed: boolean }>
>("askFormerSeal");
export const deallocateVm = operation<{ vmId: string }>("deallocateVm");
export const markGeneralized = activity<{ vmId: string }, Outcome<null>>("markGeneralized");

/** Sees that nothing attached to the VM is deleted with it. */
export const protectVm = operation<{ vmId: string }>("protectVm");
export const removeSourceVm = operation<{ vmId: string }>("removeSourceVm");
export const startVm = operation<{ vmId: string }>("startVm");
export const askVm = activity<{ vmId: string }, Outcome<VmState>>("askVm");

export const restoreDisk = operationAbout<DiskFromBackup, null, SizedDisk>("restoreDisk", sizeOf);
export const restoreVm = operationAbout<RestoredVm, null, { vmId: string }>("restoreVm", ({ vmId }) => ({
  vmId,
}));
