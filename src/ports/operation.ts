/**
 * A long operation of Azure, as the runbooks drive it: started by one short activity, polled by others.
 *
 * All Azure ports fail in the same way. What retrying cannot change is refused: NOT_AUTHORIZED, LOCKED, QUOTA_EXCEEDED,
 * TARGET_NOT_FOUND (or the code that a port names) where something is missing, AZURE_REFUSED for the rest. Throttling
 * and conflicts are `busy`. Outages are thrown.
 */
import type { Asked, Outcome, Progress, Started } from "../domain/outcome.js";

export interface Operation<Input, Result = null, Question = Input> {
  /** Starts it. Starting it again while it runs, or after it is done, is harmless and counts as started. */
  start(input: Input): Promise<Outcome<Started>>;
  /** Reads the state of the resource itself; never waits. */
  ask(asked: Asked<Question>): Promise<Outcome<Progress<Result>>>;
}
