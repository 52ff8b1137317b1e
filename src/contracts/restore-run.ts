/** What starts a restore, what its stages are called, and what it ends with. */
export const RESTORE_ORCHESTRATOR = "restoreSource";

export const RESTORE_STAGES = ["preflight", "queue", "disks", "replace", "start", "clean-up"] as const;

export interface RestoreInput {
  /** The restore's own id: new disks are named by it. */
  readonly runId: string;
  /** The capture whose backup and saved model are restored from. */
  readonly captureId: string;
  /** Whether to tell how the run ended. */
  readonly announce: boolean;
}

export interface RestoreResult {
  readonly vmId: string;
  /** The disks that the VM has now, the OS disk first. */
  readonly disks: readonly string[];
  /** The disks that it had; they are kept, and nobody else names them. */
  readonly replacedDisks: readonly string[];
  readonly warnings: readonly string[];
}
