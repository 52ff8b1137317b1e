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

export interface Former {
  /** Oldest first. */
  readonly runs: readonly string[];
  /** Whether the stage that runs now has done anything itself. */
  worked: boolean;
}

export interface Wanted<I> {
  /** What the operation makes. */
  readonly id: string;
  readonly input: I;
}

/** A stage of a run that may go on with another: `skipped` where everything in it had been done. */
export function* resumable<T>(scope: CaptureScope, name: string, body: () => Durable<T>): Durable<T> {
  const { run, former } = scope;
  if (former) former.worked = false;
  const value = yield* stage(run, name, body);
  if (former?.worked === false)
    note(run, name, {
      state: "skipped",
      detail: `adopted from run ${former.runs.at(-1) ?? scope.captureId}`,
    });
  return value;
}

/** A stage that was done before is passed through, and not repeated. */
export const stageUnless = (
  isDone: boolean,
  scope: CaptureScope,
  name: string,
  body: () => Durable<unknown>,
): Durable<void> =>
  resumable(scope, name, function* () {
    if (isDone) return;
    noteWork(scope);
    yield* body();
  });

/** To be called before anything is made or changed: from here on the stage is not merely adopted. */
export const noteWork = ({ former }: CaptureScope): void => {
  if (former) former.worked = true;
};

/** Makes what is not there yet, all of it in parallel. */
export function* makeAll<I, R, Q>(
  scope: CaptureScope,
  operation: OperationRef<I, R, Q>,
  wanted: readonly Wanted<I>[],
  limits: OperationLimits,
): Durable<R[]> {
  const { run, former } = scope;
  const inputs = wanted.map(({ input }) => input);
  if (!former) return yield* operateAll(run, operation, inputs, limits);

  const questions = inputs.map((input) => ({ input: operation.about(input), started: {} }));
  const found = pairs(wanted, (yield* callEach(run, operation.ask, questions)).map(progressIfThere));
  const broken = found.filter(([, progress]) => progress?.state === "failed");
  const removals = broken.map(([{ id }]) => ({ resourceId: id }));
  yield* operateAll(run, removeResource, removals, { limitMinutes: limits.limitMinutes });

  const missing = found.flatMap(([one, progress]) =>
    progress === undefined || progress.state === "failed" ? [one] : [],
  );
  if (missing.length > 0) noteWork(scope);
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
  return found.map(([one, progress]) =>
    progress?.state === "succeeded" ? progress.value : (made.get(one) as R),
  );
}

/** Begun by an earlier run. */
const UNDER_WAY = { value: {} };

export function* make<I, R, Q>(
  scope: CaptureScope,
  operation: OperationRef<I, R, Q>,
  wanted: Wanted<I>,
  limits: OperationLimits,
): Durable<R> {
  return only(yield* makeAll(scope, operation, [wanted], limits));
}

/** Undefined where it is not there: for whoever may have to make it, no error. */
function progressIfThere<R>(settled: Settled<Progress<R>>): Progress<R> | undefined {
  if (!("error" in settled)) return settled.value;
  if (isEnd(settled.error, "TARGET_NOT_FOUND")) return undefined;
  throw settled.error;
}
