/** A long operation of Azure, as the runbooks drive it: started by one short act, asked after by others. */
import type { Asked, Outcome, Progress, Started } from "../domain/outcome.js";

export interface Operation<Input, Result = null, Question = Input> {
  /** Begins it. Beginning what was begun already, or is done, is harmless and counts as begun. */
  start(input: Input): Promise<Outcome<Started>>;
  /** Asks the resource itself how it stands; never waits. */
  ask(asked: Asked<Question>): Promise<Outcome<Progress<Result>>>;
}
