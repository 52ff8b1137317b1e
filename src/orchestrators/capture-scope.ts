/** What every stage of a capture knows. */
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { Tags } from "../contracts/image-activities.js";
import type { CaptureNames } from "../domain/names.js";
import type { VmSummary } from "../domain/vm.js";
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
  readonly backupExpires: string;
  readonly workSubnetId?: string;
  /** Set when a stopped VM, marked generalized, stands ready to be made an image of. */
  sealedVmId?: string;
}
