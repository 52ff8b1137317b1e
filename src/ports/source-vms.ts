/** A source VM as an Azure resource: deleted and recreated, while its disks, interfaces and identity are kept. */
import type { RestoredVm } from "../domain/restore.js";
import type { Operation } from "./operation.js";

/** An order with the model that `Inspection` gave of the VM or disk; only starting needs it. */
export type Modelled<Order> = Order & { readonly model: unknown };

export interface SourceVms {
  /** No disk and no interface is deleted with the VM from now on. */
  readonly protection: Operation<{ vmId: string }>;
  /** Deletes the VM object. Refuses with VM_NOT_PROTECTED while anything would be deleted with it. */
  readonly removal: Operation<{ vmId: string }>;
  /** The VM from the saved model, on other disks. */
  readonly restored: Operation<Modelled<RestoredVm>, null, { vmId: string }>;
  /** Done when the VM runs; its agent may need longer. */
  readonly start: Operation<{ vmId: string }>;
}
