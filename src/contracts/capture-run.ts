/** What starts a capture run, what its stages are called, and what it ends with. */
import type { CaptureRequest } from "./capture-request.js";
import type { Backup } from "../domain/backup.js";
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
  "clean-up",
] as const;

export interface CaptureInput {
  readonly runId: string;
  readonly request: CaptureRequest;
  /** Settings that the runbook needs; they travel in the input so that a run does not change under its feet. */
  readonly workSubnetId?: string;
  /** The run whose resources this one goes on with. */
  readonly resumes?: string;
}

export interface CaptureResult {
  readonly image: MadeImage;
  readonly version?: string;
  readonly backup?: {
    readonly kind: Backup["kind"];
    readonly ids: readonly string[];
    readonly consistency: string;
    readonly keptUntil: string;
  };
}
