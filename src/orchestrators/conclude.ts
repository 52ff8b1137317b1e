/**
 * How a run ends: its undo list is worked off, newest first, whatever the ending, and what could not be undone is
 * named. A clean-up that fails never hides the first error, and a cancel cannot interrupt it.
 */
import { removeResource } from "../contracts/image-activities.js";
import type { Leftover, RunStatus } from "../domain/stages.js";
import { concluded, withLeftovers } from "../domain/stages.js";
import { nextPollSeconds } from "../domain/polling.js";
import type { Durable } from "./durable.js";
import { callAll, messageOf, nowMs, sleep } from "./durable.js";
import type { Run, Undo } from "./run.js";
import { RunEnd, failure, note, show, timestamp } from "./run.js";

/** Half an hour for one wave of deletions; a gallery version takes two minutes. */
const WAVE_LIMIT_SECONDS = 1800;
export const CLEAN_UP = "clean-up";

/** Runs the runbook and ends the run: returns the board, or throws for a failure, so that Durable says Failed. */
export function* conclude(run: Run, runbook: () => Durable<unknown>): Durable<unknown> {
  let result: unknown;
  let end: RunEnd | undefined;
  try {
    result = yield* runbook();
  } catch (error) {
    end =
      error instanceof RunEnd
        ? error
        : failure(
            "BROKEN",
            messageOf(error),
            "Start the run again; if it breaks at the same place, look at the log of its id.",
          );
  }
  const status: RunStatus = end?.status ?? "succeeded";
  const brokenStage = run.board.stages.find((stage) => stage.state === "running")?.name;
  const error = end && { ...end.end, ...(brokenStage === undefined ? {} : { stage: brokenStage }) };
  if (error) {
    show(run, concluded(run.board, { status, at: timestamp(run), error }));
    run.board = { ...run.board, status: "running" };
  }
  const leftovers = yield* undoAll(run, status === "succeeded");
  show(
    run,
    withLeftovers(
      concluded(run.board, { status, at: timestamp(run), result, ...(error ? { error } : {}) }),
      leftovers,
    ),
  );
  if (status === "failed") throw new Error(`${error?.code ?? "BROKEN"}: ${error?.message ?? ""}`);
  return run.board;
}

function* undoAll(run: Run, succeeded: boolean): Durable<Leftover[]> {
  const due = run.undo.filter((undo) => undo.when === "exit" || !succeeded).reverse();
  note(run, CLEAN_UP, { state: "running", startedAt: timestamp(run) });
  const leftovers: Leftover[] = [];
  for (const undo of due) {
    try {
      leftovers.push(...(yield* undoOne(run, undo)));
    } catch (error) {
      leftovers.push(...undo.resources.map((resource) => ({ resource, reason: messageOf(error) })));
    }
  }
  note(run, CLEAN_UP, {
    state: leftovers.length === 0 ? "done" : "failed",
    endedAt: timestamp(run),
    ...(leftovers.length === 0 ? { percent: 100 } : { detail: `${leftovers.length} resources are left` }),
  });
  return leftovers;
}

function* undoOne(run: Run, undo: Undo): Durable<Leftover[]> {
  if ("release" in undo) {
    yield* undo.release();
    return [];
  }
  return yield* removeAll(run, undo.resources);
}

/** Deletes all of them in parallel; one that will not go does not keep the others. */
function* removeAll(run: Run, resources: readonly string[]): Durable<Leftover[]> {
  const beganMs = nowMs(run.context);
  const leftovers: Leftover[] = [];
  const starts = yield* callAll(
    run.context,
    removeResource.start,
    resources.map((resourceId) => ({ resourceId })),
  );
  let open = resources.flatMap((resourceId, index) => {
    const start = starts[index];
    if (start !== undefined && "value" in start && start.value.status === "done")
      return [{ input: { resourceId }, started: start.value.value }];
    leftovers.push({ resource: resourceId, reason: reasonOf(start) });
    return [];
  });
  while (open.length > 0) {
    const asked = open;
    const answers = yield* callAll(run.context, removeResource.ask, asked);
    open = asked.filter((one, index) => {
      const answer = answers[index];
      if (answer === undefined || !("value" in answer) || answer.value.status === "refused") {
        leftovers.push({ resource: one.input.resourceId, reason: reasonOf(answer) });
        return false;
      }
      const progress = answer.value.value;
      if (progress.state === "failed")
        leftovers.push({ resource: one.input.resourceId, reason: `${progress.code}: ${progress.message}` });
      return progress.state === "running";
    });
    const elapsedSeconds = (nowMs(run.context) - beganMs) / 1000;
    if (elapsedSeconds > WAVE_LIMIT_SECONDS) {
      leftovers.push(
        ...open.map((one) => ({ resource: one.input.resourceId, reason: "Its deletion goes on still." })),
      );
      return leftovers;
    }
    if (open.length > 0) yield* sleep(run.context, nextPollSeconds(elapsedSeconds));
  }
  return leftovers;
}

function reasonOf(settled: unknown): string {
  if (typeof settled !== "object" || settled === null) return "No answer.";
  if ("error" in settled) return messageOf(settled.error);
  const outcome = (settled as { value?: { message?: string } }).value;
  return outcome?.message ?? "No answer.";
}
