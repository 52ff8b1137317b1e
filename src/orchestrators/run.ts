/**
 * What every runbook stands on: the board that people watch, its stages, the ways a run can end, and the undo list.
 * Undo is registered on the line above the act (architecture.md, rule 1); conclude.ts works it off.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import type { CancelEvent } from "../contracts/events.js";
import { CANCEL_EVENT } from "../contracts/events.js";
import type { FailureCode } from "../domain/failures.js";
import type { Refusal } from "../domain/outcome.js";
import type { Board, RunError, RunStatus, Stage } from "../domain/stages.js";
import { newBoard, shown, withStage } from "../domain/stages.js";
import { isoTime } from "../domain/time.js";
import type { Durable } from "./durable.js";
import { eventOf, messageOf, nowMs } from "./durable.js";

/** Scaffolding goes when the run ends, however it ends; the product goes unless the run succeeds. */
export interface Undo {
  readonly when: "exit" | "failure";
  /** Resource ids to delete; with `release`, what to call it should the release fail. */
  readonly resources: readonly string[];
  /** Only what carries the tag of this run goes. */
  readonly owner?: string;
  readonly release?: () => Durable<void>;
}

export interface Run {
  readonly context: OrchestrationContext;
  readonly undo: Undo[];
  readonly cancel: Task;
  board: Board;
  /** Why what a failed run made is kept; undefined: it is not. */
  keepFailed?: string;
  /** How to get back what a run has changed for good. */
  wayBack?: string;
  /** While a run is cleaning up, a cancel has nothing left to interrupt. */
  shielded: boolean;
  /** Whether `cancel` is heard already: from the first call on. */
  listening: boolean;
}

/** Ends a run before its end. Never leaves the orchestrators: `conclude` turns it into the run's last status. */
export class RunEnd extends Error {
  constructor(
    readonly status: Exclude<RunStatus, "pending" | "running" | "succeeded">,
    readonly end: RunError,
  ) {
    super(end.message);
  }
}

export const refusal = ({ code, message, remedy }: Omit<Refusal, "status">): RunEnd =>
  new RunEnd("refused", { code, message, remedy });

export const failure = (code: FailureCode, message: string, remedy: string): RunEnd =>
  new RunEnd("failed", { code, message, remedy });

/** Whether the run was ended by this code: some ends are answers to whoever asked. */
export const isEnd = (error: unknown, code: FailureCode): error is RunEnd =>
  error instanceof RunEnd && error.end.code === code;

export const endOf = (error: unknown): RunEnd =>
  error instanceof RunEnd
    ? error
    : failure(
        "BROKEN",
        messageOf(error),
        "Start the run again; if it breaks at the same place, look at the log of its id.",
      );

export const openRun = (context: OrchestrationContext, stageNames: readonly string[]): Run => {
  const cancel = eventOf(context, CANCEL_EVENT);
  const run: Run = {
    context,
    undo: [],
    cancel,
    board: newBoard(stageNames),
    shielded: false,
    listening: false,
  };
  // Written down once a turn, when the library takes its state; a replay passes hundreds of boards on its way.
  context.df.setCustomStatus({ toJSON: () => shown(run.board) });
  return run;
};

export function show(run: Run, board: Board): void {
  run.board = board;
}

export const timestamp = (run: Run): string => isoTime(nowMs(run.context));

export const note = (run: Run, stageName: string, change: Partial<Omit<Stage, "name">>): void =>
  show(run, withStage(run.board, stageName, change));

/** Ends the run where a cancel has come, unless the run is where it cannot stop. */
export function throwIfCancelled({ cancel, shielded }: Run): void {
  if (shielded || !cancel.isCompleted) return;
  const { reason } = (cancel.result ?? {}) as CancelEvent;
  throw new RunEnd("cancelled", {
    code: "CANCELLED",
    message: reason ? `The run was cancelled: ${reason.replace(/[.\s]+$/, "")}.` : "The run was cancelled.",
    remedy: "Start it again when it is wanted; a new request needs a new id.",
  });
}

/** Runs `body` as a stage of the board, unless a cancel has come. */
export function* stage<T>(run: Run, name: string, body: () => Durable<T>): Durable<T> {
  note(run, name, { state: "running", startedAt: timestamp(run) });
  throwIfCancelled(run);
  const value = yield* body();
  note(run, name, { state: "done", endedAt: timestamp(run), percent: 100 });
  return value;
}

/** Takes off the undo list what from here on is not this run's to remove. */
export function dropUndo(run: Run, which: (undo: Undo) => boolean): void {
  const kept = run.undo.filter((undo) => !which(undo));
  run.undo.splice(0, run.undo.length, ...kept);
}

export const skip = (run: Run, name: string, detail: string): void =>
  note(run, name, { state: "skipped", detail });
