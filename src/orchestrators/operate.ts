/** Long operations of Azure in a runbook: start, sleep, ask (architecture.md, rule 3), one or many at once. */
import type { OperationRef } from "../contracts/activity.js";
import type { Progress, Started } from "../domain/outcome.js";
import { pairs } from "../domain/pairs.js";
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
  const [result] = yield* operateAll(run, operation, [input], limits);
  return result as R;
}

/** Waits for what was started before: for those to whom a refused start means something else than a failure later. */
export function* finish<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  input: I,
  started: Started,
  limits: OperationLimits,
): Durable<R> {
  const [settled] = yield* operateEach(run, operation, [input], { ...limits, begun: [{ value: started }] });
  return valueOf(settled as Settled<R>);
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
  const results = new Map<number, Settled<R>>();
  const open = () => [...inputs.keys()].filter((index) => !results.has(index));
  const failed = () => [...results.values()].find((result) => "error" in result);
  const stopped = () => limits.stopAtFailure === true && failed() !== undefined;

  const started = new Map<number, Started>();
  const starts = limits.begun ?? (yield* callEach(run, operation.start, inputs));
  for (const [index, start] of starts.entries()) {
    if ("error" in start) results.set(index, start);
    else started.set(index, start.value);
  }
  const ask = function* (indexes: readonly number[]): Durable<Running> {
    const asked = indexes.map((index) => ({ input: inputs[index] as I, started: started.get(index) }));
    const answers = pairs(indexes, yield* askAfter(run, operation, asked));
    for (const [index, answer] of answers) if (!("running" in answer)) results.set(index, answer);
    const [first = {}] = answers.flatMap(([, answer]) => ("running" in answer ? [answer.running] : []));
    return first;
  };
  while (open().length > 0 && !stopped()) {
    const [scout = 0, ...others] = open();
    let running = yield* ask([scout]);
    // Begun together, they take about as long: while one of them runs, the others cost no question.
    if (results.has(scout) && !stopped()) running = yield* ask(others);
    if (limits.stage !== undefined)
      reportProgress(run, limits.stage, { ended: results.size, of: inputs.length, running });
    if (open().length === 0 || stopped()) break;
    if (nowMs(run.context) - beganMs >= limits.limitMinutes * 60_000) {
      for (const index of open())
        results.set(index, { error: outOfTime(operation.name, limits.limitMinutes, inputs[index]) });
      break;
    }
    yield* keepWaiting(run, operation.name, beganMs, limits.limitMinutes);
  }
  // Those still open when the first one failed end by its error.
  return [...inputs.keys()].map((index) => (results.get(index) ?? failed()) as Settled<R>);
}

type Running = Partial<Extract<Progress<never>, { state: "running" }>>;

/** Asks after what was begun, all of it at once. */
function* askAfter<I, R, Q>(
  run: Run,
  operation: OperationRef<I, R, Q>,
  begun: readonly { readonly input: I; readonly started: Started | undefined }[],
): Durable<(Settled<R> | { readonly running: Running })[]> {
  const questions = begun.map(({ input }) => ({ input: operation.about(input) }));
  const answers = yield* callEach(run, operation.ask, questions);
  const ends: (Settled<R> | { readonly running: Running })[] = [];
  for (const [{ input, started }, answer] of pairs(begun, answers)) {
    if ("error" in answer) ends.push(answer);
    else if (answer.value.state === "succeeded") ends.push({ value: answer.value.value });
    else if (answer.value.state === "running") ends.push({ running: answer.value });
    else ends.push(yield* reasonOf(run, operation, input, started));
  }
  return ends;
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
  input: I,
  started: Started = {},
): Durable<Settled<R>> {
  const [answer] = yield* callEach(run, operation.ask, [{ input: operation.about(input), started }]);
  if (answer === undefined || "error" in answer) return answer ?? { error: new Error("No answer.") };
  if (answer.value.state === "succeeded") return { value: answer.value.value };
  const { code, message } =
    answer.value.state === "failed" ? answer.value : { code: "Failed", message: "Azure gives no reason." };
  const remedy = "Mend what Azure names and start the run again.";
  const said = `${operation.name}${subjectOf(input)}: ${code}: ${message}`;
  return { error: failure("AZURE_FAILED", said, remedy) };
}
