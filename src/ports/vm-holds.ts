/** Who may capture a VM: one run at a time, in the order in which they asked. */
export interface VmHolds {
  /** Takes a place in the VM's line, unless the run has one. Whose turn it is holds the VM. */
  hold(vmId: string, runId: string): Promise<Turn>;
  /** Gives the place up, and with the first the VM; a no-op for a run that has none. */
  release(vmId: string, runId: string): Promise<void>;
  /** Every place in every line. */
  list(): Promise<readonly { readonly hold: string; readonly runId: string }[]>;
  /** Gives up the place of a run that cannot do so itself any more. */
  evict(hold: string, runId: string): Promise<void>;
}

export interface Turn {
  readonly heldBy: string;
  /** How many runs come before the one that asks; at 0 it holds the VM itself. */
  readonly ahead: number;
}
