import type { KeptModel } from "../domain/restore.js";
import type { Outcome } from "../domain/outcome.js";
import type { DiskFacts, VmFacts } from "../domain/vm.js";

/** Facts in domain terms, with Azure's own model, from which the resource can be recreated. */
export interface Inspected<Facts> {
  readonly facts: Facts;
  readonly model: unknown;
}

/** A VM and its parts, each by one request. Refuses with VM_NOT_FOUND if one does not exist. */
export interface Inspection {
  vm(vmId: string): Promise<Outcome<VmFacts>>;
  /** All of its settings, including user data: these may contain secrets, so they go only to the run's store. */
  vmModel(vmId: string): Promise<Outcome<KeptModel & { readonly model: unknown }>>;
  disk(diskId: string): Promise<Outcome<Inspected<DiskFacts>>>;
  /** Whether its traffic bypasses the host; false where there is no such interface. */
  accelerated(interfaceId: string): Promise<Outcome<boolean>>;
}
