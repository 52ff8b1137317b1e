/**
 * Waiting in a runbook: pauses that a cancel ends, waits with a clock, and questions that are asked until there is
 * an answer.
 */
import type { ActivityRef } from "../contracts/activity.js";
import type { Outcome, Refusal } from "../domain/outcome.js";
import { pairs } from "../domain/pairs.js";
import { nextPollSeconds } from "../domain/polling.js";
import type { Call, Durable, Settled } from "./durable.js";
import { callActivities, callOf, nowMs, sleep, sleepUnless } from "./durable.js";
import type { Run } from "./run.js";
import { RunEnd, failure, throwIfCancelled, refusal } from "./run.js";

/** Sleeps; a cancel that comes meanwhile, or came before, ends the run. */
export function* pause(run: Run, seconds: number): Durable<void> {
  if (run.shielded) return yield* sleep(run.context, seconds);
  yield* sleepUnless(run.context, seconds, run.cancel);
  throwIfCancelled(run);
}

/** Waits a turn in a loop that ends by something else; the clock is what ends it otherwise. */
export function* keepWaiting(run: Run, what: string, sinceMs: number, limitMinutes: number): Durable<void> {
  const elapsedSeconds = (nowMs(run.context) - sinceMs) / 1000;
  const leftSeconds = limitMinutes * 60 - elapsedSeconds;
  if (leftSeconds <= 0) throw outOfTime(what, limitMinutes);
  yield* pause(run, Math.min(nextPollSeconds(elapsedSeconds), leftSeconds));
}

export const outOfTime = (what: string, limitMinutes: number) =>
  failure(
    "TIME_LIMIT",
    `${what} did not end within ${limitMinutes} minutes.`,
    "Look at the resource in Azure for what holds it up, or allow more time in the request's limits.",
  );

/** Calls an activity until it has an answer; a refusal ends the run. */
export function* call<I, T>(run: Run, ref: ActivityRef<I, Outcome<T>>, input: I): Durable<T> {
  const [settled] = yield* callEach(run, ref, [input]);
  return valueOf(settled as Settled<T>);
}

/** The same once an input, in parallel. */
export const callEach = <I, T>(
  run: Run,
  ref: ActivityRef<I, Outcome<T>>,
  inputs: readonly I[],
): Durable<Settled<T>[]> =>
  settle(
    run,
    inputs.map((input) => callOf(ref, input)),
  );

/** Different questions in parallel; the first refusal ends the run. */
export function* callAll<T extends readonly unknown[]>(
  run: Run,
  ...calls: { readonly [K in keyof T]: Call<Outcome<T[K]>> }
): Durable<T> {
  const settled = yield* settle<unknown>(run, calls);
  return settled.map(valueOf) as unknown as T;
}

/** What Azure puts off is asked again after the longest wait it named. */
function* settle<T>(run: Run, calls: readonly Call<Outcome<T>>[]): Durable<Settled<T>[]> {
  const settled: Settled<T>[] = [];
  let open = [...calls.entries()];
  while (open.length > 0) {
    const answers = yield* callActivities(
      run.context,
      open.map(([, make]) => make),
      run.listening ? undefined : run.cancel,
    );
    run.listening = true;
    const again: typeof open = [];
    const waits: number[] = [];
    for (const [[index, make], answer] of pairs(open, answers)) {
      if ("error" in answer) settled[index] = answer;
      else if (answer.value.status === "refused") settled[index] = { error: endBy(answer.value) };
      else if (answer.value.status === "done") settled[index] = { value: answer.value.value };
      else {
        again.push([index, make]);
        waits.push(answer.value.retryAfterSeconds);
      }
    }
    open = again;
    if (waits.length > 0) yield* pause(run, Math.max(...waits));
  }
  return settled;
}

/** What the same request would not meet another day is no fault of the request. */
const endBy = (refused: Refusal): RunEnd =>
  refused.code === "STORAGE_FULL" ? failure(refused.code, refused.message, refused.remedy) : refusal(refused);

/** Of several errors a reason that was given wins over what merely broke. */
export function valueOf<T>(settled: Settled<T>, _index?: number, all?: readonly Settled<T>[]): T {
  if (!("error" in settled)) return settled.value;
  const ends = (all ?? []).flatMap((one) =>
    "error" in one && one.error instanceof RunEnd ? [one.error] : [],
  );
  throw ends[0] ?? settled.error;
}
