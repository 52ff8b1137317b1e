/**
 * A name that remembers its types: what an orchestrator knows of an activity, and what the activity must fit.
 * A long operation is two such names: one starts it, the other asks after it.
 */
import type { Asked, Outcome, Progress, Started } from "../domain/outcome.js";
import type { RetryPolicy } from "./retry.js";
import { PATIENT } from "./retry.js";

declare const signature: unique symbol;

export interface ActivityRef<Input, Result> {
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly [signature]?: (input: Input) => Result;
}

export const activity = <Input, Result>(
  name: string,
  retry: RetryPolicy = PATIENT,
): ActivityRef<Input, Result> => ({
  name,
  retry,
});

export interface OperationRef<Input, Result, Question = Input> {
  readonly name: string;
  readonly start: ActivityRef<Input, Outcome<Started>>;
  readonly ask: ActivityRef<Asked<Question>, Outcome<Progress<Result>>>;
  /** The part of the input that asking needs: every question is kept in the run's history. */
  readonly about: (input: Input) => Question;
}

/** An operation of Azure that outlives any one activity: `{name}Start` begins it, `{name}Ask` asks the resource. */
export const operation = <Input, Result = null>(name: string): OperationRef<Input, Result> =>
  operationAbout(name, (input) => input);

/** The same, where asking needs to know less than starting. */
export const operationAbout = <Input, Result, Question>(
  name: string,
  about: (input: Input) => Question,
): OperationRef<Input, Result, Question> => ({
  name,
  start: activity(`${name}Start`),
  ask: activity(`${name}Ask`),
  about,
});
