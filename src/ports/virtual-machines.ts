import type { WorkingVm } from "../domain/backup.js";
import type { Outcome } from "../domain/outcome.js";
import type { VmSummary } from "../domain/vm.js";
import type { Operation } from "./operation.js";

/** Virtual machines. Refuses with VM_NOT_FOUND, NOT_AUTHORIZED, LOCKED, QUOTA_EXCEEDED or AZURE_REFUSED. */
export interface VirtualMachines {
  /** The VM in our words, and its whole model as Azure gave it, fit to be made again from. Only reads. */
  inspect(vmId: string): Promise<Outcome<{ summary: VmSummary; model: unknown }>>;
  /** The last word of PowerState/…, as in "running", "stopped", "deallocated". */
  powerState(vmId: string): Promise<Outcome<string>>;
  /** Tells Azure that the guest is generalized. There is no way back; the VM can never start again. */
  markGeneralized(vmId: string): Promise<Outcome<null>>;
  readonly deallocation: Operation<{ vmId: string }>;
  /** A working VM from disks, without extensions, in the isolated subnet; done when its agent is ready. */
  readonly workingVm: Operation<WorkingVm>;
}
