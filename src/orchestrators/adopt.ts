/**
 * Going on with an earlier run: everything is named by the first run's id, so what that made is found by asking. What is
 * sound is taken as it is, what is under way is waited for, what is broken is removed and made again.
 */
import type { OperationRef } from "../contracts/activity.js";
import { removeResource } from "../contracts/image-activities.js";
import type { Progress } from "../domain/outcome.js";
import { callEach, valueOf } from "./call.js";
import { only, pairs } from "../domain/pairs.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable, Settled } from "./durable.js";
import type { OperationLimits } from "./operate.js";
import { operateAll, operateEach } from "./operate.js";
import { isEnd, note, stage } from "./run.js";

export interface Reached<T> {
  readonly value: T;
  /** Nothing had to be made for it: an earlier run did all of it. */
  readonly adopted: boolean;
}

export interface Wanted<I> {
  /** What the operation makes. */
  readonly id: string;
  readonly input: I;
}

/** A stage of a run that may go on with another: `skipped` where everything in it had been done. */
export function* resumable<T>(
  { run, captureId, formerRuns }: CaptureScope,
  name: string,
  body: () => Durable<Reached<T>>,
): Durable<T> {
  const { value, adopted } = yield* stage(run, name, body);
  if (adopted && formerRuns)
    note(run, name, { state: "skipped", detail: `adopted from run ${formerRuns.at(-1) ?? captureId}` });
  return value;
}

/** A stage that was done before is passed through, and not repeated. */
export const stageUnless = (
  isDone: boolean,
  scope: CaptureScope,
  name: string,
  body: () => Durable<unknown>,
): Durable<unknown> =>
  resumable(scope, name, function* () {
    return { value: isDone ? null : yield* body(), adopted: isDone };
  });

/** Makes what is not there yet, all of it in parallel. */
export function* makeAll<I, R, Q>(
  scope: CaptureScope,
  operation: OperationRef<I, R, Q>,
  wanted: readonly Wanted<I>[],
  limits: OperationLimits,
): Durable<Reached<R[]>> {
  const { run, formerRuns } = scope;
  const inputs = wanted.map(({ input }) => input);
  if (!formerRuns) return { value: yield* operateAll(run, operation, inputs, limits), adopted: false };

  const questions = inputs.map((input) => ({ input: operation.about(input), started: {} }));
  const found = pairs(wanted, (yield* callEach(run, operation.ask, questions)).map(progressIfThere));
  const broken = found.filter(([, progress]) => progress?.state === "failed");
  const removals = broken.map(([{ id }]) => ({ resourceId: id }));
  yield* operateAll(run, removeResource, removals, { limitMinutes: limits.limitMinutes });

  const missing = found.flatMap(([one, progress]) =>
    progress === undefined || progress.state === "failed" ? [one] : [],
  );
  const starts = yield* callEach(
    run,
    operation.start,
    missing.map(({ input }) => input),
  );
  const startOf = new Map(pairs(missing, starts));
  const open = found.flatMap(([one, progress]) => (progress?.state === "succeeded" ? [] : [one]));
  const ended = yield* operateEach(
    run,
    operation,
    open.map(({ input }) => input),
    { ...limits, stopAtFailure: true, begun: open.map((one) => startOf.get(one) ?? UNDER_WAY) },
  );
  const made = new Map(pairs(open, ended.map(valueOf)));
  const value = found.map(([one, progress]) =>
    progress?.state === "succeeded" ? progress.value : (made.get(one) as R),
  );
  return { value, adopted: missing.length === 0 };
}

/** Begun by an earlier run. */
const UNDER_WAY = { value: {} };

export function* make<I, R, Q>(
  scope: CaptureScope,
  operation: OperationRef<I, R, Q>,
  wanted: Wanted<I>,
  limits: OperationLimits,
): Durable<Reached<R>> {
  const { value, adopted } = yield* makeAll(scope, operation, [wanted], limits);
  return { value: only(value), adopted };
}

/** Undefined where it is not there: for whoever may have to make it, no error. */
function progressIfThere<R>(settled: Settled<Progress<R>>): Progress<R> | undefined {
  if (!("error" in settled)) return settled.value;
  if (isEnd(settled.error, "TARGET_NOT_FOUND")) return undefined;
  throw settled.error;
}
