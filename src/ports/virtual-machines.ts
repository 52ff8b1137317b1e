import type { WorkingVm } from "../domain/backup.js";
import type { Outcome } from "../domain/outcome.js";
import type { VmState, VmSummary } from "../domain/vm.js";
import type { Operation } from "./operation.js";

export interface InspectedVm {
  /** The VM in our words. */
  readonly summary: VmSummary;
  /** The VM and its disks as Azure gave them, fit to be made again from. */
  readonly model: unknown;
  /** What would not come back if it were made again, in words. */
  readonly lost: readonly string[];
  /** Disks and network interfaces that Azure deletes with the VM. */
  readonly goesWith: readonly string[];
}

/** Virtual machines. Refuses with VM_NOT_FOUND, NOT_AUTHORIZED, LOCKED, QUOTA_EXCEEDED or AZURE_REFUSED. */
export interface VirtualMachines {
  /** Only reads. */
  inspect(vmId: string): Promise<Outcome<InspectedVm>>;
  state(vmId: string): Promise<Outcome<VmState>>;
  /** Tells Azure that the guest is generalized. There is no way back; the VM can never start again. */
  markGeneralized(vmId: string): Promise<Outcome<null>>;
  readonly deallocation: Operation<{ vmId: string }>;
  /** A working VM from disks, without extensions, in the isolated subnet; done when its agent is ready. */
  readonly workingVm: Operation<WorkingVm>;
}
