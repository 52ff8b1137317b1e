import type { Operation } from "./operation.js";

/** Anything that a run makes. */
export interface Resources {
  /** Deletes it; what is not there counts as deleted. Waits out locks on parents and accesses that are closing. */
  readonly removal: Operation<{ resourceId: string }>;
}
