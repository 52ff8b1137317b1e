/** What every stage of a capture knows. */
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import type { Tags } from "../domain/image-order.js";
import type { CaptureNames } from "../domain/names.js";
import { EXPIRES_TAG, KIND_TAG, RUN_TAG, captureNames } from "../domain/names.js";
import { isoTime } from "../domain/time.js";
import type { VmSummary } from "../domain/vm.js";
import { nowMs } from "./durable.js";
import type { Run } from "./run.js";

export interface CaptureScope {
  readonly run: Run;
  readonly runId: string;
  readonly request: CaptureRequest;
  readonly vm: VmSummary;
  readonly names: CaptureNames;
  readonly workTags: Tags;
  readonly backupTags: Tags;
  readonly imageTags: Tags;
  /** ISO 8601; when the janitor may remove the backup. */
  readonly backupExpires: string;
  readonly workSubnetId?: string;
}

const DAY_MS = 86_400_000;

export function scopeOf(
  run: Run,
  { runId, request, workSubnetId }: CaptureInput,
  vm: VmSummary,
): CaptureScope {
  const backupExpires = isoTime(nowMs(run.context) + request.backup.keepDays * DAY_MS);
  const tags = { ...request.tags, [RUN_TAG]: runId };
  return {
    run,
    runId,
    request,
    vm,
    names: captureNames(runId, vm, request.workResourceGroup),
    workTags: { ...tags, [KIND_TAG]: "work" },
    backupTags: { ...tags, [KIND_TAG]: "backup", [EXPIRES_TAG]: backupExpires },
    imageTags: { ...tags, [KIND_TAG]: "image" },
    backupExpires,
    ...(workSubnetId === undefined ? {} : { workSubnetId }),
  };
}
