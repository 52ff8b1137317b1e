import type { Operation } from "./operation.js";

/** Anything that a run makes. */
export interface Resources {
  /**
   * Deletes it; a missing resource counts as deleted, and one made by a run other than `owner` is left alone. Waits until
   * its disk accesses are closed.
   */
  readonly removal: Operation<{ resourceId: string; owner?: string }>;
}
