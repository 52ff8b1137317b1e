/** Waiting in a runbook: every pause is ended by a cancel, every loop by a clock. */
import { nextPollSeconds } from "../domain/polling.js";
import { parseResourceId } from "../domain/resource-id.js";
import type { Durable } from "./durable.js";
import { nowMs, sleep, sleepUnless } from "./durable.js";
import type { Run } from "./run.js";
import { failure, throwIfCancelled } from "./run.js";

/** Sleeps; a cancel that comes meanwhile, or came before, ends the run. */
export function* pause(run: Run, seconds: number): Durable<void> {
  if (run.cancels === "ignored") return yield* sleep(run.context, seconds);
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

export const outOfTime = (what: string, limitMinutes: number, input?: unknown) =>
  failure(
    "TIME_LIMIT",
    `${what}${subjectOf(input)} did not end within ${limitMinutes} minutes.`,
    "Check in Azure what is delaying it; to allow more time for backup, clone, seal or register, raise the request's limits.",
  );

/** An operation's input names first what is made or changed. */
export function subjectOf(input: unknown): string {
  const values: readonly unknown[] = Object.values(input ?? {});
  const id = values.find((value) => typeof value === "string" && value.startsWith("/"));
  const named = typeof id === "string" ? parseResourceId(id) : undefined;
  return named === undefined ? "" : ` of ${named.names.join("/")}`;
}
