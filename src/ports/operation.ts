/**
 * A long operation of Azure, as the runbooks drive it: started by one short act, asked after by others.
 *
 * All ports on Azure fail alike. What retrying cannot change is refused: NOT_AUTHORIZED, LOCKED, QUOTA_EXCEEDED,
 * TARGET_NOT_FOUND (or the code that a port names) where something is missing, AZURE_REFUSED for the rest. Throttling
 * and conflicts are `busy`. Outages are thrown.
 */
import type { Asked, Outcome, Progress, Started } from "../domain/outcome.js";

export interface Operation<Input, Result = null, Question = Input> {
  /** Begins it. Beginning what was begun already, or is done, is harmless and counts as begun. */
  start(input: Input): Promise<Outcome<Started>>;
  /** Asks the resource itself how it stands; never waits. */
  ask(asked: Asked<Question>): Promise<Outcome<Progress<Result>>>;
}
