/** Tells whoever listens how a run ended, once everything is cleaned up. */
import { announceRun } from "../contracts/run-events.js";
import { runEvent, type RunEvent } from "../domain/run-event.js";
import { CLEAN_UP } from "./conclude.js";
import { call, messageOf, type Durable } from "./durable.js";
import { note, timestamp, type Run } from "./run.js";

export function* announce(run: Run, about: Pick<RunEvent, "kind" | "runId" | "subject">): Durable<void> {
  try {
    yield* call(run.context, announceRun, runEvent({ ...about, endedAt: timestamp(run) }, run.board));
  } catch (error) {
    // The run has ended as it has, heard or not.
    note(run, CLEAN_UP, { detail: `The event could not be sent: ${messageOf(error)}` });
  }
}
