/** What the capture runbook can do, by name. Each takes and returns plain data that may be stored in clear. */
import type { Outcome } from "../domain/outcome.js";
import type { VmState, VmSummary } from "../domain/vm.js";
import type { SealJudgement } from "../domain/guest/seal-outcome.js";
import { activity, operation } from "./activity.js";
import type {
  BackedUpDisk,
  Backup,
  DiskFromBackup,
  RestorePointOrder,
  SnapshotOrder,
  WorkingVm,
} from "../domain/backup.js";
import type { AzureFacts } from "../domain/azure-preflight.js";
import type { SurveyQuestion } from "../domain/survey.js";
import type { GuestLook, GuestQuestion, SealOrder, SealQuestion } from "../domain/guest-orders.js";
import type { RestorePlan, RestoredDisk, RestoredVm } from "../domain/restore.js";
import { STUBBORN } from "./retry.js";

export const inspectVm = activity<{ runId: string; vmId: string }, Outcome<VmSummary>>("inspectVm");
export const holdVm = activity<{ vmId: string; runId: string }, Outcome<{ heldBy: string }>>("holdVm");
export const releaseVm = activity<{ vmId: string; runId: string }, null>("releaseVm", STUBBORN);

export const createRestorePoint = operation<RestorePointOrder, Backup>("createRestorePoint");
export const createSnapshot = operation<SnapshotOrder, BackedUpDisk>("createSnapshot");
export const proveBackup = activity<
  { runId: string; backup: Backup; vm: VmSummary },
  Outcome<{ summary: string }>
>("proveBackup");

export const createDisk = operation<DiskFromBackup>("createDisk");
export const createWorkingVm = operation<WorkingVm>("createWorkingVm");
export const surveyAzure = activity<SurveyQuestion, Outcome<AzureFacts>>("surveyAzure");
export const lookAtGuest = operation<GuestLook, { output: string }>("lookAtGuest");
export const askGuest = operation<GuestQuestion, { output: string }>("askGuest");

export const startSeal = activity<SealOrder, Outcome<null>>("startSeal");
export const askSeal = activity<SealQuestion, Outcome<SealJudgement>>("askSeal");
/** Whether a former run began to seal this VM, and whether it came to its end. */
export const askFormerSeals = activity<
  { vmId: string; runIds: readonly string[] },
  Outcome<{ begun: boolean; sealed: boolean }>
>("askFormerSeals");
export const deallocateVm = operation<{ vmId: string }>("deallocateVm");
export const markGeneralized = activity<{ vmId: string }, Outcome<null>>("markGeneralized");

/** Sees that nothing attached to the VM is deleted with it. */
export const protectVm = operation<{ vmId: string }>("protectVm");
export const removeSourceVm = operation<{ vmId: string }>("removeSourceVm");
export const startVm = operation<{ vmId: string }>("startVm");
export const askVm = activity<{ vmId: string }, Outcome<VmState>>("askVm");

export const planRestore = activity<{ captureId: string }, Outcome<RestorePlan>>("planRestore");
export const restoreDisk = operation<RestoredDisk>("restoreDisk");
export const restoreVm = operation<RestoredVm>("restoreVm");
