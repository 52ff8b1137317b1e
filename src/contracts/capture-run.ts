/** What starts a capture run, what its stages are called, and what it ends with. */
import type { CaptureRequest } from "./capture-request.js";
import type { Backup } from "../domain/backup.js";
import type { RestoreResult } from "./restore-run.js";
import type { CapturePlan } from "../domain/capture-plan.js";
import type { Check } from "../domain/preflight.js";
import type { MadeImage } from "../domain/image-order.js";

export const CAPTURE_ORCHESTRATOR = "captureImage";

export const CAPTURE_STAGES = [
  "preflight",
  "queue",
  "backup",
  "clone",
  "generalize",
  "deallocate",
  "capture",
  "register",
  "test-boot",
  "promote",
  "source",
  "clean-up",
] as const;

export interface CaptureInput {
  readonly runId: string;
  readonly request: CaptureRequest;
  /** Settings that the runbook needs; they travel in the input so that a run does not change under its feet. */
  readonly workSubnetIds: readonly string[];
  /** Whether to tell how the run ended. */
  readonly announce: boolean;
  /** The first run of a capture that is gone on with: what it made is named, tagged and kept under its id. */
  readonly resumes?: string;
  /** Every run before this one, the first of them first. */
  readonly formerRuns?: readonly string[];
}

export type SourceAfter =
  | { readonly state: "sealed"; readonly restore: string }
  | { readonly state: "deleted" }
  | ({ readonly state: "restored" } & RestoreResult);

/** What a dry run ends with: what would be done, and what speaks against it. */
export interface CaptureDryRun {
  readonly dryRun: true;
  readonly plan: CapturePlan;
  readonly checks: readonly Check[];
}

export interface CaptureResult {
  readonly image: MadeImage;
  readonly version?: string;
  /** What the preflights warned of, as far as it fits. */
  readonly checks: readonly Check[];
  /** What became of the source VM, where it was captured in place. */
  readonly source?: SourceAfter;
  readonly backup?: {
    readonly kind: Backup["kind"];
    readonly ids: readonly string[];
    readonly consistency: string;
    readonly keptUntil: string;
  };
}
