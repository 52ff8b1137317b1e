/** Who may capture a VM. One run at a time holds it; holding twice is holding once. */
export interface VmHolds {
  /** The run that holds the VM now: the one that asks, unless another has it. */
  hold(vmId: string, runId: string): Promise<string>;
  /** Lets go; a no-op for a run that does not hold the VM. */
  release(vmId: string, runId: string): Promise<void>;
  /** Every hold that there is. */
  all(): Promise<readonly { readonly hold: string; readonly runId: string }[]>;
  /** Ends the hold of a run that cannot let go itself any more; a no-op if another run has it by now. */
  drop(hold: string, runId: string): Promise<void>;
}
