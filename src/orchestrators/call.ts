/**
 * Calls of a runbook. An activity answers `done`, `refused`, which ends the run, or `busy`: Azure asks to come back
 * later, so the call is made again after the wait that it names, until it has an answer or its clock runs out.
 */
import type { ActivityRef } from "../contracts/activity.js";
import type { Busy, Outcome, Refusal } from "../domain/outcome.js";
import { only, pairs } from "../domain/pairs.js";
import { nextPollSeconds } from "../domain/polling.js";
import type { Call, Durable, Settled } from "./durable.js";
import { callActivities, callOf, nowMs } from "./durable.js";
import type { Run } from "./run.js";
import { RunEnd, failure, refusal } from "./run.js";
import { pause, subjectOf } from "./wait.js";

/** Throttles pass within the hour; a conflict that outlasts this (a lock, a signature in use) needs a person. */
const BUSY_LIMIT_MINUTES = 120;

/** Calls an activity; a refusal ends the run. */
export function* call<I, T>(run: Run, ref: ActivityRef<I, Outcome<T>>, input: I): Durable<T> {
  return valueOf(only(yield* callEach(run, ref, [input])));
}

/** One activity for each input, in parallel; each ends by itself. */
export const callEach = <I, T>(
  run: Run,
  ref: ActivityRef<I, Outcome<T>>,
  inputs: readonly I[],
): Durable<Settled<T>[]> =>
  settle(
    run,
    inputs.map((input) => callOf(ref, input)),
  );

/** Different activities in parallel; the first refusal ends the run. */
export function* callAll<T extends readonly unknown[]>(
  run: Run,
  ...calls: { readonly [K in keyof T]: Call<Outcome<T[K]>> }
): Durable<T> {
  const settled = yield* settle<unknown>(run, calls);
  return settled.map(valueOf) as unknown as T;
}

function* settle<T>(run: Run, calls: readonly Call<Outcome<T>>[]): Durable<Settled<T>[]> {
  const beganMs = nowMs(run.context);
  const settled: Settled<T>[] = [];
  let open = [...calls.entries()];
  while (open.length > 0) {
    const answers = yield* callActivities(
      run.context,
      open.map(([, one]) => one),
      run.cancels === "unheard" ? run.cancel : undefined,
    );
    if (run.cancels === "unheard") run.cancels = "heeded";
    const elapsedSeconds = (nowMs(run.context) - beganMs) / 1000;
    const again: typeof open = [];
    const waits: number[] = [];
    for (const [[index, one], answer] of pairs(open, answers)) {
      if ("error" in answer) settled[index] = answer;
      else if (answer.value.status === "done") settled[index] = { value: answer.value.value };
      else if (answer.value.status === "refused") settled[index] = { error: endBy(answer.value) };
      else if (elapsedSeconds >= BUSY_LIMIT_MINUTES * 60)
        settled[index] = { error: putOffTooLong(one, answer.value) };
      else {
        again.push([index, one]);
        waits.push(answer.value.retryAfterSeconds);
      }
    }
    open = again;
    // Growing, since each try is kept in the run's history.
    if (open.length > 0) yield* pause(run, Math.max(...waits, nextPollSeconds(elapsedSeconds)));
  }
  return settled;
}

const putOffTooLong = ({ name, input }: Call<unknown>, { message }: Busy): RunEnd =>
  failure(
    "TIME_LIMIT",
    `${name}${subjectOf(input)} was put off by Azure for ${BUSY_LIMIT_MINUTES} minutes: ${message}`,
    "Find out what is blocking the resource that Azure names, and start the run again.",
  );

/** A full account is no fault of the request: the same one may succeed another day. */
const endBy = (refused: Refusal): RunEnd =>
  refused.code === "STORAGE_FULL" ? failure(refused.code, refused.message, refused.remedy) : refusal(refused);

/** Of several errors, one with a reason wins over what merely broke. */
export function valueOf<T>(settled: Settled<T>, _index?: number, all?: readonly Settled<T>[]): T {
  if (!("error" in settled)) return settled.value;
  const ends = (all ?? []).flatMap((one) =>
    "error" in one && one.error instanceof RunEnd ? [one.error] : [],
  );
  throw ends[0] ?? settled.error;
}
