import type { WorkingVm } from "../domain/backup.js";
import type { Outcome } from "../domain/outcome.js";
import type { VmState } from "../domain/vm.js";
import type { Operation } from "./operation.js";

/** Virtual machines. Refuses with VM_NOT_FOUND if there is none. */
export interface VirtualMachines {
  state(vmId: string): Promise<Outcome<VmState>>;
  /** Tells Azure that the guest is generalized. There is no way back; the VM can never start again. */
  markGeneralized(vmId: string): Promise<Outcome<null>>;
  readonly deallocation: Operation<{ vmId: string }>;
  /** A working VM from disks, without extensions, in the isolated subnet; done when its agent is ready. */
  readonly workingVm: Operation<WorkingVm, null, { vmId: string }>;
}
