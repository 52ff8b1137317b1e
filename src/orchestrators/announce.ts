/** Tells whoever listens how a run ended, once everything is cleaned up. */
import { announceRun } from "../contracts/run-events.js";
import type { Board } from "../domain/stages.js";
import { runEvent, type RunEvent } from "../domain/run-event.js";
import { CLEAN_UP, conclude } from "./conclude.js";
import { callActivity, messageOf, type Durable } from "./durable.js";
import { note, timestamp, type Run } from "./run.js";

export type Announced = Pick<RunEvent, "kind" | "runId" | "subject">;

/** Concludes the run, and says so where `about` is given, however it ended. */
export function* concludeAndAnnounce(
  run: Run,
  about: Announced | undefined,
  runbook: () => Durable<unknown>,
): Durable<Board> {
  try {
    yield* conclude(run, runbook);
  } finally {
    if (about !== undefined) yield* announce(run, about);
  }
  return run.board;
}

function* announce(run: Run, about: Announced): Durable<void> {
  try {
    yield* callActivity(run.context, announceRun, runEvent({ ...about, endedAt: timestamp(run) }, run.board));
  } catch (error) {
    // The run has ended as it has, heard or not.
    note(run, CLEAN_UP, { detail: `The event could not be sent: ${messageOf(error)}` });
  }
}
