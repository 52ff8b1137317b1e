/**
 * The one file that uses durable-functions at run time: typed calls, waits, and nothing of the runbooks.
 * Generators are delegated to with `yield*`, so every result keeps its type.
 */
import * as df from "durable-functions";
import type { OrchestrationContext, Task } from "durable-functions";
import type { ActivityRef } from "../contracts/activity.js";
import type { RetryPolicy } from "../contracts/retry.js";

/** A part of an orchestration that ends with a T. */
export type Durable<T> = Generator<Task, T, unknown>;

const optionsOf = (policy: RetryPolicy): df.RetryOptions => {
  const options = new df.RetryOptions(policy.firstSeconds * 1000, policy.attempts);
  options.backoffCoefficient = policy.backoff;
  options.maxRetryIntervalInMilliseconds = policy.longestSeconds * 1000;
  return options;
};

const schedule = <I, O>(context: OrchestrationContext, ref: ActivityRef<I, O>, input: I): Task =>
  context.df.callActivityWithRetry(ref.name, optionsOf(ref.retry), input);

export function* call<I, O>(context: OrchestrationContext, ref: ActivityRef<I, O>, input: I): Durable<O> {
  return (yield schedule(context, ref, input)) as O;
}

/** A call that is yet to be made, so that different ones can be made at once. */
export type Call<O> = (context: OrchestrationContext) => { readonly task: Task; readonly answer?: O };

export const callOf =
  <I, O>(ref: ActivityRef<I, O>, input: I): Call<O> =>
  (context) => ({ task: schedule(context, ref, input) });

export type Settled<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Makes all calls in parallel, and waits for every one of them, failed or not: the library's own Task.all goes on at
 * the first failure, while its siblings may still be creating what is about to be cleaned up.
 */
export function* callAll<O>(context: OrchestrationContext, calls: readonly Call<O>[]): Durable<Settled<O>[]> {
  if (calls.length === 0) return [];
  const tasks = calls.map((make) => make(context).task);
  try {
    yield context.df.Task.all(tasks);
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

/** Sleeps, or returns the payload of `event` as soon as it comes, or came while nobody slept. */
export function* sleepUnless(
  context: OrchestrationContext,
  seconds: number,
  event: Task,
): Durable<{ readonly payload: unknown } | undefined> {
  // Asked first: Task.any never resumes for a child that was complete before (durable-functions 3.5).
  if (event.isCompleted) return { payload: event.result };
  const timer = context.df.createTimer(new Date(nowMs(context) + seconds * 1000));
  yield context.df.Task.any([timer, event]);
  // The library sets isCompleted while we wait, which the compiler cannot see.
  if (!(event as { isCompleted: boolean }).isCompleted) return undefined;
  if (!timer.isCompleted) timer.cancel();
  return { payload: event.result };
}

/** What an activity's throw says, without the stack and the serialized exception that follow it. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split(" \n ")[0] ?? text;
  return first.replace(/^Activity function '[^']*' failed: */, "").slice(0, 1000);
}
