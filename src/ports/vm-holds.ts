/** Who may capture a VM: one run at a time, in the order in which they asked. */
export interface VmHolds {
  /** Joins the VM's queue, unless the run is in it. The first in the queue holds the VM. */
  hold(vmId: string, runId: string): Promise<Turn>;
  /** Leaves the queue, and releases the VM if the run was first; a no-op for a run that is not in it. */
  release(vmId: string, runId: string): Promise<void>;
  /** Every place in every queue. */
  list(): Promise<readonly { readonly hold: string; readonly runId: string }[]>;
  /** Removes a run that can no longer do so itself. */
  evict(hold: string, runId: string): Promise<void>;
}

export interface Turn {
  readonly heldBy: string;
  /** How many runs are ahead of this one; at 0 it holds the VM. */
  readonly ahead: number;
}
