/**
 * What every runbook stands on: the board that people watch, stages, long operations with a clock and a cancel at
 * every wait, and the undo list. Undo is registered on the line above the act (architecture.md, rule 1).
 */
import type { OrchestrationContext } from "durable-functions";
import type { OperationRef } from "../contracts/activity.js";
import type { FailureCode } from "../domain/failures.js";
import type { Outcome, Progress, Refusal } from "../domain/outcome.js";
import { nextPollSeconds } from "../domain/polling.js";
import type { Board, RunError, RunStatus, Stage } from "../domain/stages.js";
import { newBoard, withStage } from "../domain/stages.js";
import type { Durable, Settled } from "./durable.js";
import { callAll, nowMs, sleepUnless } from "./durable.js";

/** Raised by `POST …/cancel`; the payload is the reason. */
export const CANCEL_EVENT = "cancel";

/** Removes resources, or lets go of something, once; registered before what it undoes is done. */
export type Undo =
  | { readonly when: "exit" | "failure"; readonly resources: readonly string[] }
  | { readonly when: "exit"; readonly resources: readonly string[]; readonly release: () => Durable<void> };

export interface Run {
  readonly context: OrchestrationContext;
  readonly undo: Undo[];
  board: Board;
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

export const openRun = (context: OrchestrationContext, stageNames: readonly string[]): Run => {
  const run: Run = { context, undo: [], board: newBoard(stageNames) };
  context.df.setCustomStatus(run.board);
  return run;
};

export function show(run: Run, board: Board): void {
  run.board = board;
  run.context.df.setCustomStatus(board);
}

export const timestamp = (run: Run): string => new Date(nowMs(run.context)).toISOString();

export const note = (run: Run, stage: string, change: Partial<Omit<Stage, "name">>): void =>
  show(run, withStage(run.board, stage, change));

/** Runs `body` as a stage of the board. */
export function* stage<T>(run: Run, name: string, body: () => Durable<T>): Durable<T> {
  note(run, name, { state: "running", startedAt: timestamp(run) });
  const value = yield* body();
  note(run, name, { state: "done", endedAt: timestamp(run), percent: 100 });
  return value;
}

export const skip = (run: Run, name: string, detail: string): void =>
  note(run, name, { state: "skipped", detail });

/** The value of an outcome; a refusal ends the run. */
export function accept<T>(outcome: Outcome<T>): T {
  if (outcome.status === "done") return outcome.value;
  throw refusal(outcome);
}

export const refusal = ({ code, message, remedy }: Omit<Refusal, "status">): RunEnd =>
  new RunEnd("refused", { code, message, remedy });

export const failure = (code: FailureCode | (string & {}), message: string, remedy: string): RunEnd =>
  new RunEnd("failed", { code, message, remedy });

function valuesOf<T>(settled: readonly Settled<T>[]): T[] {
  return settled.map((one) => {
    if ("error" in one) throw one.error;
    return one.value;
  });
}

/** Sleeps; a cancel that comes meanwhile, or came before, ends the run. */
export function* pause(run: Run, seconds: number): Durable<void> {
  const cancelled = yield* sleepUnless(run.context, seconds, CANCEL_EVENT);
  if (cancelled === undefined) return;
  const reason = typeof cancelled.event === "string" && cancelled.event !== "" ? `: ${cancelled.event}` : ".";
  throw new RunEnd("cancelled", {
    code: "CANCELLED",
    message: `The run was cancelled${reason}`.slice(0, 500),
    remedy: "Start it again when it is wanted; a new request needs a new id.",
  });
}

export interface OperationLimits {
  readonly limitMinutes: number;
  /** The stage whose percent and detail the operation moves. */
  readonly stage?: string;
}

/** Starts an operation of Azure and asks after it until it ends. */
export function* operate<I, R>(
  run: Run,
  operation: OperationRef<I, R>,
  input: I,
  limits: OperationLimits,
): Durable<R> {
  const [result] = yield* operateAll(run, operation, [input], limits);
  return result as R;
}

/** The same for several inputs at once; the results stand in the order of the inputs. */
export function* operateAll<I, R>(
  run: Run,
  operation: OperationRef<I, R>,
  inputs: readonly I[],
  limits: OperationLimits,
): Durable<R[]> {
  const beganMs = nowMs(run.context);
  const started = valuesOf(yield* callAll(run.context, operation.start, inputs)).map(accept);
  const answers = new Map<number, Progress<R>>();
  const open = () =>
    inputs.map((_, index) => index).filter((index) => answers.get(index)?.state !== "succeeded");
  while (open().length > 0) {
    const asked = open();
    const round = asked.map((index) => ({ input: inputs[index] as I, started: started[index] ?? {} }));
    const progress = valuesOf(yield* callAll(run.context, operation.ask, round)).map(accept);
    progress.forEach((answer, position) => answers.set(asked[position] as number, answer));
    reportProgress(run, limits.stage, [...answers.values()]);
    const elapsedSeconds = (nowMs(run.context) - beganMs) / 1000;
    if (open().length > 0) yield* keepWaiting(run, operation.name, elapsedSeconds, limits.limitMinutes);
  }
  return inputs.map((_, index) => (answers.get(index) as { value: R }).value);
}

export function* keepWaiting(
  run: Run,
  what: string,
  elapsedSeconds: number,
  limitMinutes: number,
): Durable<void> {
  const leftSeconds = limitMinutes * 60 - elapsedSeconds;
  if (leftSeconds <= 0)
    throw failure(
      "TIME_LIMIT",
      `${what} was not done after ${limitMinutes} minutes.`,
      "Look at the resource in Azure for what holds it up, or allow more time in the request's limits.",
    );
  yield* pause(run, Math.min(nextPollSeconds(elapsedSeconds), leftSeconds));
}

function reportProgress<R>(run: Run, stageName: string | undefined, answers: readonly Progress<R>[]): void {
  const failed = answers.find((answer) => answer.state === "failed");
  if (failed)
    throw failure(
      "AZURE_FAILED",
      `${failed.code}: ${failed.message}`,
      "Mend what Azure names and start the run again.",
    );
  if (stageName === undefined) return;
  const percents = answers.map((answer) => (answer.state === "running" ? (answer.percent ?? 0) : 100));
  const percent = Math.floor(percents.reduce((sum, one) => sum + one, 0) / Math.max(1, percents.length));
  const detail = answers.find((answer) => answer.state === "running" && answer.detail !== undefined);
  note(run, stageName, {
    percent,
    ...(detail?.state === "running" && detail.detail ? { detail: detail.detail } : {}),
  });
}
