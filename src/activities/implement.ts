/** Binds a name of the contracts to the code that fits it; main.ts registers what comes out. */
import type { ActivityRef, OperationRef } from "../contracts/activity.js";
import type { Outcome } from "../domain/outcome.js";
import { refused } from "../domain/outcome.js";
import type { Operation } from "../ports/operation.js";
import { StorageRefusal } from "../ports/storage-refusal.js";

export interface Registration {
  readonly name: string;
  readonly handler: (input: unknown) => Promise<unknown>;
}

export const implement = <Input, Result>(
  ref: ActivityRef<Input, Result>,
  act: (input: Input) => Promise<Result>,
): Registration => ({
  name: ref.name,
  // What an orchestrator sends was typed by the same reference; in between it was JSON.
  handler: (input) => act(input as Input),
});

/** The same for an activity that may be refused: a storage account's refusal becomes its outcome. */
export const implementOutcome = <Input, Value>(
  ref: ActivityRef<Input, Outcome<Value>>,
  act: (input: Input) => Promise<Outcome<Value>>,
): Registration =>
  implement(ref, async (input) => {
    try {
      return await act(input);
    } catch (error) {
      if (error instanceof StorageRefusal) return refused(error.code, error.message, error.remedy);
      throw error;
    }
  });

export const implementOperation = <Input, Result, Question>(
  ref: OperationRef<Input, Result, Question>,
  operation: Operation<Input, Result, Question>,
): Registration[] => [
  implementOutcome(ref.start, (input) => operation.start(input)),
  implementOutcome(ref.ask, (asked) => operation.ask(asked)),
];
