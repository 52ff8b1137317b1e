/**
 * How a run ends: its undo list is worked off, newest first, whatever the ending, and what could not be undone is
 * named. A clean-up that fails never hides the first error, and a cancel cannot interrupt it.
 */
import { removeResource } from "../contracts/image-activities.js";
import type { Leftover, RunStatus, Stage } from "../domain/stages.js";
import { concluded, withLeftovers } from "../domain/stages.js";
import { callEach } from "./call.js";
import type { Durable } from "./durable.js";
import { messageOf } from "./durable.js";
import { operateEach } from "./operate.js";
import type { Run, RunEnd, Undo } from "./run.js";
import { endOf, note, show, timestamp } from "./run.js";

export const CLEAN_UP = "clean-up";
/** For one wave of deletions; the slowest, a gallery version, takes two minutes. */
const WAVE_LIMIT_MINUTES = 45;

/** Runs the runbook and ends the run: returns its board, or throws when it failed, so that Durable says Failed. */
export function* conclude(run: Run, runbook: () => Durable<unknown>): Durable<unknown> {
  let result: unknown;
  let end: RunEnd | undefined;
  try {
    result = yield* runbook();
  } catch (error) {
    end = endOf(error);
  }
  run.cancels = "ignored";
  const status: RunStatus = end?.status ?? "succeeded";
  const stageName = run.board.stages.find((stage) => stage.state === "running")?.name;
  const remedy = `${end?.end.remedy ?? ""}${run.wayBack ? ` The source VM was changed; this makes it again from its backup: ${run.wayBack}.` : ""}`;
  const error = end && { ...end.end, remedy, ...(stageName === undefined ? {} : { stage: stageName }) };
  // The stage that broke takes the run's ending now; the run itself goes on until everything is cleaned up.
  if (error) show(run, { ...concluded(run.board, { status, at: timestamp(run), error }), status: "running" });

  const leftovers = yield* undoAll(run, status);
  const last = { status, at: timestamp(run), result, ...(error ? { error } : {}) };
  show(run, withLeftovers(concluded(run.board, last), leftovers));
  if (status === "failed") throw new Error(`${error?.code ?? "BROKEN"}: ${error?.message ?? ""}`);
  return run.board;
}

function* undoAll(run: Run, status: RunStatus): Durable<Leftover[]> {
  note(run, CLEAN_UP, { state: "running", startedAt: timestamp(run) });
  const kept: Leftover[] = [];
  const left: Leftover[] = [];
  for (const undo of [...run.undo].reverse()) {
    if (undo.when === "failure" && status === "succeeded") continue;
    if (undo.release === undefined && status === "failed" && run.keepFailed !== undefined)
      kept.push(...(yield* existing(run, undo, run.keepFailed)));
    else if (undo.release === undefined) left.push(...(yield* removeAll(run, undo)));
    else
      try {
        yield* undo.release();
      } catch (error) {
        left.push(...undo.resources.map((resource) => ({ resource, reason: messageOf(error) })));
      }
  }
  note(run, CLEAN_UP, { endedAt: timestamp(run), ...cleanedUp(kept, left) });
  return [...kept, ...left];
}

/** What is kept on purpose is no failure of the clean-up. */
function cleanedUp(kept: readonly Leftover[], left: readonly Leftover[]): Partial<Stage> {
  const words = [
    ...(left.length > 0 ? [`${left.length} could not be removed`] : []),
    ...(kept.length > 0 ? [`${kept.length} ${kept[0]?.reason ?? ""}`] : []),
  ];
  if (words.length === 0) return { state: "done", percent: 100 };
  return { state: left.length > 0 ? "failed" : "skipped", detail: words.join("; ") };
}

const removalsOf = ({ resources, owner }: Undo) =>
  resources.map((resourceId) => ({ resourceId, ...(owner === undefined ? {} : { owner }) }));

/** Those that exist: undo is registered before the act, which may never have come. */
function* existing(run: Run, undo: Undo, reason: string): Durable<Leftover[]> {
  const { resources } = undo;
  const asked = yield* callEach(
    run,
    removeResource.ask,
    removalsOf(undo).map((input) => ({ input, started: {} })),
  );
  return resources.flatMap((resource, index) => {
    const answer = asked[index];
    const gone = answer !== undefined && "value" in answer && answer.value.state === "succeeded";
    return gone ? [] : [{ resource, reason }];
  });
}

/** Deletes all of them in parallel. */
function* removeAll(run: Run, undo: Undo): Durable<Leftover[]> {
  const { resources } = undo;
  const removed = yield* operateEach(run, removeResource, removalsOf(undo), {
    limitMinutes: WAVE_LIMIT_MINUTES,
  });
  return resources.flatMap((resource, index) => {
    const settled = removed[index];
    return settled && "error" in settled ? [{ resource, reason: messageOf(settled.error) }] : [];
  });
}
