import type { KeptModel } from "../domain/restore.js";
import type { Outcome } from "../domain/outcome.js";
import type { DiskFacts, VmFacts } from "../domain/vm.js";

/** Facts in our words, with what Azure gave: fit to be made again from. */
export interface Inspected<Facts> {
  readonly facts: Facts;
  readonly model: unknown;
}

/** A VM and what belongs to it, each by one request. Refuses with VM_NOT_FOUND where one is not there. */
export interface Inspection {
  vm(vmId: string): Promise<Outcome<VmFacts>>;
  /** All that was set on it, its user data too: these may hold secrets, so this goes to the run's store and nowhere else. */
  vmModel(vmId: string): Promise<Outcome<KeptModel & { readonly model: unknown }>>;
  disk(diskId: string): Promise<Outcome<Inspected<DiskFacts>>>;
  /** Whether its traffic bypasses the host; false where there is no such interface. */
  accelerated(interfaceId: string): Promise<Outcome<boolean>>;
}
