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

export interface Undo {
  /** `exit`: scaffolding, removed however the run ends. `failure`: the product, removed unless the run succeeds. */
  readonly when: "exit" | "failure";
  /** Resource ids to delete; with `release`, what to call it should the release fail. */
  readonly resources: readonly string[];
  /** The run whose tag a resource must carry to be removed; left out, none is looked for. */
  readonly owner?: string;
  readonly release?: () => Durable<void>;
}

export interface Run {
  readonly context: OrchestrationContext;
  readonly undo: Undo[];
  readonly cancel: Task;
  board: Board;
  /** Set where a run that fails keeps what it made: the reason, as people read it. */
  keepFailed?: string;
  /** Set from when the source VM is changed: how to get it back. */
  wayBack?: string;
  /**
   * What a cancel meets. The library heeds none before it has been given `cancel` to wait for, as it is with the first
   * call; and none may interrupt while a VM is being replaced, or the run is cleaning up.
   */
  cancels: "unheard" | "heeded" | "ignored";
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
        "Start the run again; if it fails at the same point, search the app's log for its id.",
      );

export const openRun = (context: OrchestrationContext, stageNames: readonly string[]): Run => {
  const cancel = eventOf(context, CANCEL_EVENT);
  const run: Run = {
    context,
    undo: [],
    cancel,
    board: newBoard(stageNames),
    cancels: "unheard",
  };
  // Serialized by the library once a turn, and not for each of the hundreds of boards that a replay passes through.
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
export function throwIfCancelled({ cancel, cancels }: Run): void {
  if (cancels === "ignored" || !cancel.isCompleted) return;
  const { reason } = (cancel.result ?? {}) as CancelEvent;
  throw new RunEnd("cancelled", {
    code: "CANCELLED",
    message: reason ? `The run was cancelled: ${reason.replace(/[.\s]+$/, "")}.` : "The run was cancelled.",
    remedy: "To run it again, send the request with a new id.",
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

/** Takes back the undo of what the run is to leave in place from here on. */
export function dropUndo(run: Run, which: (undo: Undo) => boolean): void {
  const kept = run.undo.filter((undo) => !which(undo));
  run.undo.splice(0, run.undo.length, ...kept);
}

export const skip = (run: Run, name: string, detail: string): void =>
  note(run, name, { state: "skipped", detail });
