/** Long operations of Azure in a runbook: start, sleep, ask (architecture.md, rule 3), one or many at once. */
import type { OperationRef } from "../contracts/activity.js";
import type { Progress, Started } from "../domain/outcome.js";
import { only, pairs } from "../domain/pairs.js";
import { callEach, valueOf } from "./call.js";
import type { Durable, Settled } from "./durable.js";
import { nowMs } from "./durable.js";
import type { Run } from "./run.js";
import { failure, note } from "./run.js";
import { keepWaiting, outOfTime, subjectOf } from "./wait.js";

export interface OperationLimits {
  readonly limitMinutes: number;
  /** The stage whose percent and detail the operation moves. */
  readonly stage?: string;
}

/** Starts an operation of Azure and asks after it until it ends. */
export function* operate<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  input: I,
  limits: OperationLimits,
): Durable<R> {
  return only(yield* operateAll(run, operation, [input], limits));
}

/** Waits for what was started before: for those to whom a refused start means something else than a failure later. */
export function* finish<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  input: I,
  started: Started,
  limits: OperationLimits,
): Durable<R> {
  return valueOf(
    only(yield* operateEach(run, operation, [input], { ...limits, begun: [{ value: started }] })),
  );
}

/** The same for several inputs at once; the first that fails ends the wait for the others. */
export function* operateAll<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  inputs: readonly I[],
  limits: OperationLimits,
): Durable<R[]> {
  return (yield* operateEach(run, operation, inputs, { ...limits, stopAtFailure: true })).map(valueOf);
}

interface Job<I, R> {
  readonly input: I;
  readonly started: Started;
  end?: Settled<R>;
}

/** The same, and each input ends by itself: for clean-ups, where a failure must not hold up the others. */
export function* operateEach<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  inputs: readonly I[],
  limits: OperationLimits & {
    readonly stopAtFailure?: boolean;
    /** Given where they were started before. */
    readonly begun?: readonly Settled<Started>[];
  },
): Durable<Settled<R>[]> {
  const beganMs = nowMs(run.context);
  const starts = limits.begun ?? (yield* callEach(run, operation.start, inputs));
  const jobs = pairs(inputs, starts).map(([input, start]): Job<I, R> =>
    "error" in start ? { input, started: {}, end: start } : { input, started: start.value },
  );
  const open = () => jobs.filter(({ end }) => end === undefined);
  const failed = () => jobs.find(({ end }) => end !== undefined && "error" in end)?.end;
  const isOver = () => open().length === 0 || (limits.stopAtFailure === true && failed() !== undefined);

  while (!isOver()) {
    const waiting = open();
    let running = yield* ask(run, operation, waiting.slice(0, 1));
    // Begun together, they take about as long: while the first of them runs, the others cost no question.
    if (running === undefined && !isOver()) running = yield* ask(run, operation, waiting.slice(1));
    if (limits.stage !== undefined)
      reportProgress(run, limits.stage, {
        ended: jobs.length - open().length,
        of: jobs.length,
        running: running ?? {},
      });
    if (isOver()) break;
    if (nowMs(run.context) - beganMs < limits.limitMinutes * 60_000)
      yield* keepWaiting(run, operation.name, beganMs, limits.limitMinutes);
    else
      for (const job of open())
        job.end = { error: outOfTime(operation.name, limits.limitMinutes, job.input) };
  }
  // Those still open when the first one failed end by its error.
  return jobs.flatMap(({ end }) => end ?? failed() ?? []);
}

type Running = Partial<Extract<Progress<never>, { state: "running" }>>;

/** Asks after all of them at once, and notes which have ended. @returns how far the first that runs has come. */
function* ask<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  jobs: readonly Job<I, R>[],
): Durable<Running | undefined> {
  const questions = jobs.map(({ input }) => ({ input: operation.about(input) }));
  const answers = yield* callEach(run, operation.ask, questions);
  let first: Running | undefined;
  for (const [job, answer] of pairs(jobs, answers)) {
    if ("error" in answer) job.end = answer;
    else if (answer.value.state === "succeeded") job.end = { value: answer.value.value };
    else if (answer.value.state === "running") first ??= answer.value;
    else job.end = yield* reasonOf(run, operation, job);
  }
  return first;
}

function reportProgress(
  run: Run,
  stageName: string,
  { ended, of, running }: { readonly ended: number; readonly of: number; readonly running: Running },
): void {
  const { percent = 0, detail = "" } = running;
  // An empty detail replaces what the last question told of something that has ended since.
  note(run, stageName, { percent: Math.floor((100 * ended + percent * (of - ended)) / of), detail });
}

/** Asks once more, with the operation's URL, for the reason: three kilobytes that no other question has to carry. */
function* reasonOf<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  { input, started }: Job<I, R>,
): Durable<Settled<R>> {
  const answer = only(yield* callEach(run, operation.ask, [{ input: operation.about(input), started }]));
  if ("error" in answer) return answer;
  if (answer.value.state === "succeeded") return { value: answer.value.value };
  const { code, message } =
    answer.value.state === "failed" ? answer.value : { code: "Failed", message: "Azure gave no reason." };
  const remedy = "Fix what Azure's message names, and start the run again.";
  const said = `${operation.name}${subjectOf(input)}: ${code}: ${message}`;
  return { error: failure("AZURE_FAILED", said, remedy) };
}
