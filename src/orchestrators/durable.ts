/**
 * The one file that uses durable-functions at run time: typed calls, waits, and nothing of the runbooks.
 * Generators are delegated to with `yield*`, so every result keeps its type.
 */
import * as df from "durable-functions";
import type { OrchestrationContext, Task } from "durable-functions";
import type { ActivityRef } from "../contracts/activity.js";
import type { RetryPolicy } from "../contracts/retry.js";
import { pairs } from "../domain/pairs.js";

/** A part of an orchestration that ends with a T. */
export type Durable<T> = Generator<Task, T, unknown>;

const optionsOf = (policy: RetryPolicy): df.RetryOptions => {
  const options = new df.RetryOptions(policy.firstSeconds * 1000, policy.attempts);
  options.backoffCoefficient = policy.backoff;
  options.maxRetryIntervalInMilliseconds = policy.longestSeconds * 1000;
  return options;
};

/** A call that is yet to be made, so that different ones can be made at once: plain data. */
export interface Call<O> {
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly input: unknown;
  /** Never there: it carries the type. */
  readonly answer?: O;
}

export const callOf = <I, O>({ name, retry }: ActivityRef<I, O>, input: I): Call<O> => ({
  name,
  retry,
  input,
});

const schedule = (context: OrchestrationContext, { name, retry, input }: Call<unknown>): Task =>
  context.df.callActivityWithRetry(name, optionsOf(retry), input);

export function* callActivity<I, O>(
  context: OrchestrationContext,
  ref: ActivityRef<I, O>,
  input: I,
): Durable<O> {
  return (yield schedule(context, callOf(ref, input))) as O;
}

export type Settled<T> = { readonly value: T } | { readonly error: unknown };

/** What one history takes at once; wider calls are made in parts, each with a history of its own. */
const WIDEST = 16;
export const CALL_PART = "callPart";

/**
 * Makes all calls in parallel, and waits for every one of them, failed or not. From then on `heard`, a wait for an
 * event, is complete as soon as the event comes: the library heeds none before a task has been yielded once.
 */
export function* callActivities<O>(
  context: OrchestrationContext,
  calls: readonly Call<O>[],
  heard?: Task,
): Durable<Settled<O>[]> {
  if (calls.length <= WIDEST)
    return yield* settleAll(
      context,
      calls.map((one) => schedule(context, one)),
      heard,
    );
  const parts = Array.from({ length: Math.ceil(calls.length / WIDEST) }, (_, part) =>
    calls.slice(part * WIDEST, (part + 1) * WIDEST),
  );
  const ends = yield* settleAll<readonly PartEnd<O>[]>(
    context,
    parts.map((part) => context.df.callSubOrchestrator(CALL_PART, part)),
    heard,
  );
  return pairs(parts, ends).flatMap(([part, end]) =>
    "error" in end ? part.map(() => end) : end.value.map(settledOf),
  );
}

/** What a part answers for a call: an error has to pass through JSON. */
type PartEnd<O> = { readonly value: O } | { readonly failed: string };

const settledOf = <O>(end: PartEnd<O>): Settled<O> =>
  "failed" in end ? { error: new Error(end.failed) } : end;

/** The orchestration that makes a part of a wide call. It neither sleeps nor decides, so a cancel has no business in it. */
export function* callPart(context: OrchestrationContext): Generator<Task, PartEnd<unknown>[]> {
  const calls = context.df.getInput<readonly Call<unknown>[]>();
  const ends = yield* callActivities(context, calls);
  return ends.map((end) => ("error" in end ? { failed: messageOf(end.error) } : end));
}

/** The library's own Task.all goes on at the first failure, while its siblings may still create what is to be cleaned up. */
function* settleAll<O>(
  context: OrchestrationContext,
  tasks: readonly Task[],
  heard?: Task,
): Durable<Settled<O>[]> {
  if (tasks.length === 0) return [];
  const all = context.df.Task.all([...tasks]);
  try {
    yield heard === undefined ? all : context.df.Task.any([all, heard]);
  } catch {
    // Which of them failed is read from each below.
  }
  const settled: Settled<O>[] = [];
  for (const task of tasks) {
    try {
      settled.push({ value: (yield task) as O });
    } catch (error) {
      settled.push({ error });
    }
  }
  return settled;
}

/** The orchestration's own time, in milliseconds since the Unix epoch: the same on every replay. */
export const nowMs = (context: OrchestrationContext): number => context.df.currentUtcDateTime.getTime();

export function* sleep(context: OrchestrationContext, seconds: number): Durable<void> {
  yield context.df.createTimer(new Date(nowMs(context) + seconds * 1000));
}

/** A wait for an event, made once a run: of several waits for one name, an event would go to a stale one. */
export const eventOf = (context: OrchestrationContext, name: string): Task =>
  context.df.waitForExternalEvent(name);

/** Sleeps until `event` comes; not at all where it came before. */
export function* sleepUnless(context: OrchestrationContext, seconds: number, event: Task): Durable<void> {
  // Asked first: Task.any never resumes for a child that was complete before (durable-functions 3.5).
  if (event.isCompleted) return;
  const timer = context.df.createTimer(new Date(nowMs(context) + seconds * 1000));
  yield context.df.Task.any([timer, event]);
  if (!timer.isCompleted) timer.cancel();
}

/** What an activity's throw says, without the stack and the serialized exception that follow it. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split(" \n ")[0] ?? text;
  return first.replace(/^Activity function '[^']*' failed: */, "").slice(0, 1000);
}
