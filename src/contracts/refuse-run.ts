/** A run that was over before it began: a request that cannot be read still gets a status that says why. */
import type { FailureCode } from "../domain/failures.js";

export const REFUSE_ORCHESTRATOR = "refuseRequest";

export interface RefuseInput {
  readonly code: FailureCode;
  /** One line a problem. */
  readonly problems: readonly string[];
}
