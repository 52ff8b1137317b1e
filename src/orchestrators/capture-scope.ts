/** What every stage of a capture knows. */
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import type { Backup } from "../domain/backup.js";
import type { Tags, TargetFacts } from "../domain/image-order.js";
import type { Check } from "../domain/preflight.js";
import type { CaptureNames } from "../domain/names.js";
import { EXPIRES_TAG, KIND_TAG, RESUME_TAG, RUN_TAG, captureNames } from "../domain/names.js";
import { DAY_MS, isoTime } from "../domain/time.js";
import type { VmSummary } from "../domain/vm.js";
import { nowMs } from "./durable.js";
import type { Preflight } from "./preflight.js";
import type { Run } from "./run.js";

export interface CaptureScope {
  readonly run: Run;
  /** Names, tags and documents go by the first run's id, whichever run goes on with it. */
  readonly captureId: string;
  /** This run's own. Guests are asked under it: one that failed to seal is not asked by the same name again. */
  readonly runId: string;
  /** Those that this one goes on with, oldest first. */
  readonly formerRuns?: readonly string[];
  readonly request: CaptureRequest;
  readonly vm: VmSummary;
  readonly target: TargetFacts;
  readonly imageMadeFrom?: Backup;
  readonly names: CaptureNames;
  readonly workTags: Tags;
  readonly backupTags: Tags;
  readonly imageTags: Tags;
  /** ISO 8601; when the janitor may remove the backup. */
  readonly backupExpires: string;
  readonly workSubnetId: string | undefined;
  /** What was looked at so far, and how it is; the guest is looked at later. */
  readonly checks: Check[];
}

/** How long scaffolding waits for somebody to mend what failed; a working VM's disks cost money. */
const RESUME_DAYS = 3;

export function captureScope(
  run: Run,
  { runId, request, resumes, formerRuns = [] }: CaptureInput,
  { vm, target, checks, workSubnetId, imageMadeFrom }: Preflight,
): CaptureScope {
  const captureId = resumes ?? runId;
  const backupExpires = isoTime(nowMs(run.context) + request.backup.keepDays * DAY_MS);
  const resumable = isoTime(nowMs(run.context) + RESUME_DAYS * DAY_MS);
  const tags = { ...request.tags, [RUN_TAG]: captureId };
  const keeps = request.onFailure === "keep-for-resume";
  if (keeps) run.keepFailed = `kept for resume until ${resumable}: POST /api/captures/${runId}/resume`;
  return {
    run,
    captureId,
    runId,
    ...(resumes === undefined ? {} : { formerRuns }),
    request,
    vm,
    target,
    ...(imageMadeFrom === undefined ? {} : { imageMadeFrom }),
    names: captureNames(captureId, vm, request.workResourceGroup),
    workTags: { ...tags, [KIND_TAG]: "work", ...(keeps ? { [EXPIRES_TAG]: resumable } : {}) },
    backupTags: { ...tags, [KIND_TAG]: "backup", [EXPIRES_TAG]: backupExpires },
    imageTags: { ...tags, [KIND_TAG]: "image", ...(keeps ? { [RESUME_TAG]: resumable } : {}) },
    backupExpires,
    checks: [...checks],
    workSubnetId,
  };
}

/** Where a VM of ours is to be made. */
export function workSubnetOf({ workSubnetId }: CaptureScope): string {
  if (workSubnetId === undefined)
    throw new Error("The preflight should have refused a run without a subnet for its VMs.");
  return workSubnetId;
}
