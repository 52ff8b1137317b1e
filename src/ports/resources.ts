import type { Operation } from "./operation.js";

/** Anything that a run makes. */
export interface Resources {
  /**
   * Deletes it; what is not there counts as deleted, and what another run than `owner` made is left alone. Waits out
   * accesses that are closing.
   */
  readonly removal: Operation<{ resourceId: string; owner?: string }>;
}
