/** A run that was over before it began: a request that cannot be read still gets a status that says why. */
import type { FailureCode } from "../domain/failures.js";
import type { RunEvent } from "../domain/run-event.js";

export const REFUSE_ORCHESTRATOR = "refuseRequest";

export interface RefuseInput {
  readonly code: FailureCode;
  /** One line a problem. */
  readonly problems: readonly string[];
  /** What to announce its end as; left out where nobody listens. */
  readonly about?: Pick<RunEvent, "kind" | "runId" | "subject">;
}
