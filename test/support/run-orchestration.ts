/**
 * Drives an orchestrator with the real durable-functions executor, over the contract between extension and library:
 * every event is one call with the whole history, so every step is replayed. Activities are scripted by name, time is
 * virtual. Written without a look at src/local/functions-host, so that the two check each other.
 */
import type { OrchestrationHandler } from "durable-functions";
import { CALL_PART, callPart } from "../../src/orchestrators/durable.js";
import type { Action, Callback, OrchestratorState } from "./functions-core.js";
import { callbacks, df } from "./functions-core.js";
import type { HistoryEvent } from "./replay.js";
import { execute, leavesOf, registered } from "./replay.js";

const ACTIVITY = 0;
const ACTIVITY_WITH_RETRY = 1;
const SUB_ORCHESTRATOR = 2;
const TIMER = 5;
const EXTERNAL_EVENT = 6;

export interface ScriptedCall {
  readonly name: string;
  readonly input: unknown;
  /** How often this activity was called before. */
  readonly nth: number;
  readonly atMs: number;
}

export type ScriptedActivity = (input: never, call: ScriptedCall) => unknown;

export interface OrchestrationScript {
  readonly input: unknown;
  readonly activities: Readonly<Record<string, ScriptedActivity>>;
  /** How long an activity takes, by name; default 1 s. */
  readonly durationMs?: (call: ScriptedCall) => number;
  readonly events?: readonly { readonly atMs: number; readonly name: string; readonly input: unknown }[];
  /** Ends a run that would go on for ever; default 60 days of its time. */
  readonly limitMs?: number;
}

export interface OrchestrationOutcome {
  readonly status: "Completed" | "Failed";
  readonly output: unknown;
  readonly error?: string;
  readonly customStatus: unknown;
  /** Every custom status, in order, each once. */
  readonly statuses: readonly unknown[];
  readonly calls: readonly ScriptedCall[];
  readonly elapsedMs: number;
  readonly history: readonly HistoryEvent[];
  readonly historyEvents: number;
  readonly historyBytes: number;
}

type Event = Record<string, unknown>;

interface Attempt {
  readonly action: Action;
  readonly count: number;
}

const START_MS = Date.UTC(2026, 0, 1);

df.app.orchestration(CALL_PART, callPart);

export async function runOrchestration(
  handler: OrchestrationHandler,
  script: OrchestrationScript,
): Promise<OrchestrationOutcome> {
  const [name, callback] = registered(handler);
  return new Execution(name, callback, script).run();
}

class Execution {
  readonly #history: HistoryEvent[] = [];
  readonly #queue: { atMs: number; order: number; event: () => Promise<Event | undefined> }[] = [];
  readonly #attempts = new Map<number, Attempt>();
  readonly #retryTimers = new Map<number, Attempt>();
  readonly #timers = new Map<number, string>();
  readonly #leafIds: number[] = [];
  readonly #statuses: unknown[] = [];
  #nextId = 0;
  #order = 0;
  #nowMs: number;
  readonly #calls: ScriptedCall[];

  /** A part of another execution begins when that asks for it, and its calls are counted with that one's. */
  constructor(
    readonly name: string,
    readonly callback: Callback,
    readonly script: OrchestrationScript,
    parent: { readonly nowMs: number; readonly calls: ScriptedCall[] } = { nowMs: START_MS, calls: [] },
  ) {
    this.#nowMs = parent.nowMs;
    this.#calls = parent.calls;
  }

  async run(): Promise<OrchestrationOutcome> {
    for (const { atMs, name, input } of this.script.events ?? [])
      this.#at(atMs, () =>
        Promise.resolve({ EventType: 15, EventId: -1, Name: name, Input: JSON.stringify(input) }),
      );
    const Input = JSON.stringify(this.script.input);
    const OrchestrationInstance = { InstanceId: "instance", ExecutionId: "execution" };
    const started = { EventType: 0, EventId: -1, Name: this.name, Version: "", Input, OrchestrationInstance };
    let state = await this.#turn([{ ...started, ParentInstance: null, Tags: null }]);
    while (!state.isDone && state.error === undefined) {
      const [next] = this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined)
        throw new Error(`The orchestrator waits for something that never comes. ${this.#trace()}`);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (this.#nowMs - START_MS > (this.script.limitMs ?? 60 * 86_400_000))
        throw new Error(`The orchestrator went on past its time. ${this.#trace()}`);
      // What comes at one moment is told in one turn: a replay for each would be most of a test's time.
      const events: Event[] = [];
      while (this.#queue[0]?.atMs === next.atMs) {
        const event = await this.#queue.shift()?.event();
        const isCanceled =
          event?.["EventType"] === 11 && this.#timers.get(Number(event["TimerId"])) === "canceled";
        if (event !== undefined && !isCanceled) events.push(event);
      }
      if (events.length > 0) state = await this.#turn(events);
    }
    return {
      status: state.error === undefined ? "Completed" : "Failed",
      output: state.output,
      ...(state.error === undefined ? {} : { error: state.error }),
      customStatus: this.#statuses.at(-1),
      statuses: this.#statuses,
      calls: this.#calls,
      elapsedMs: this.#nowMs - START_MS,
      history: this.#history,
      historyEvents: this.#history.length,
      historyBytes: Buffer.byteLength(JSON.stringify(this.#history)),
    };
  }

  /** Its history is written as if each event had come alone: the longest that there may be. */
  async #turn(events: readonly Event[]): Promise<OrchestratorState> {
    const timestamp = new Date(this.#nowMs).toISOString();
    const stamp = (fields: Event) => ({ IsPlayed: false, Timestamp: timestamp, ...fields }) as HistoryEvent;
    const begun = () => stamp({ EventType: 12, EventId: -1 });
    const ended = () => stamp({ EventType: 13, EventId: -1 });
    const fresh = events.flatMap((event, nth) => [...(nth > 0 ? [ended()] : []), begun(), stamp(event)]);
    const state = await execute(this.callback, this.script.input, [...this.#history, ...fresh]);
    const status = JSON.stringify(state.customStatus ?? null);
    // 16 KB, counted in UTF-16 as the extension does.
    if (status.length > 8192)
      throw new Error(`The custom status has ${status.length} characters; Durable allows 8,192.`);
    if (status !== JSON.stringify(this.#statuses.at(-1) ?? null)) this.#statuses.push(JSON.parse(status));
    const scheduled = [...events.flatMap((event) => this.#afterEvent(event)), ...this.#afterActions(state)];
    this.#history.push(...fresh.map((one) => ({ ...one, IsPlayed: true })), ...scheduled.map(stamp));
    this.#history.push(ended());
    return state;
  }

  /** Ids that the library reserves for a retry: the timer after a failure, then the next attempt. */
  #afterEvent(event: Event): Event[] {
    if (event["EventType"] === 6) {
      const attempt = this.#attempts.get(Number(event["TaskScheduledId"]));
      const { retryOptions } = attempt?.action ?? {};
      if (attempt === undefined || retryOptions === undefined) return [];
      const last = attempt.count >= retryOptions.maxNumberOfAttempts;
      const grown =
        retryOptions.firstRetryIntervalInMilliseconds *
        (retryOptions.backoffCoefficient ?? 1) ** (attempt.count - 1);
      const delayMs = last ? 0 : Math.min(grown, retryOptions.maxRetryIntervalInMilliseconds ?? Infinity);
      const timerId = this.#nextId++;
      if (!last) this.#retryTimers.set(timerId, attempt);
      return [this.#timer(timerId, this.#nowMs + delayMs)];
    }
    const retried = event["EventType"] === 11 ? this.#retryTimers.get(Number(event["TimerId"])) : undefined;
    return retried === undefined
      ? []
      : [this.#activity(this.#nextId++, { ...retried, count: retried.count + 1 })];
  }

  #afterActions({ actions }: OrchestratorState): Event[] {
    const leaves = leavesOf(actions);
    leaves.forEach((leaf, position) => {
      const id = this.#leafIds[position];
      if (id !== undefined && leaf.actionType === TIMER && leaf.isCanceled) this.#timers.set(id, "canceled");
    });
    return leaves.slice(this.#leafIds.length).flatMap((leaf) => {
      if (leaf.actionType === EXTERNAL_EVENT) {
        this.#leafIds.push(-1);
        return [];
      }
      const id = this.#nextId++;
      this.#leafIds.push(id);
      if (leaf.actionType === TIMER) return [this.#timer(id, Date.parse(leaf.fireAt ?? ""))];
      if (leaf.actionType === ACTIVITY || leaf.actionType === ACTIVITY_WITH_RETRY)
        return [this.#activity(id, { action: leaf, count: 1 })];
      if (leaf.actionType === SUB_ORCHESTRATOR) return [this.#part(id, leaf)];
      throw new Error(`This harness does not know actions of type ${leaf.actionType}.`);
    });
  }

  #timer(id: number, fireAtMs: number): Event {
    const FireAt = new Date(fireAtMs).toISOString();
    this.#timers.set(id, "open");
    this.#at(fireAtMs - START_MS, () => Promise.resolve({ EventType: 11, EventId: -1, TimerId: id, FireAt }));
    return { EventType: 10, EventId: id, FireAt };
  }

  #activity(id: number, attempt: Attempt): Event {
    const { functionName = "", input } = attempt.action;
    this.#attempts.set(id, attempt);
    const nth = this.#calls.filter((call) => call.name === functionName).length;
    const call: ScriptedCall = { name: functionName, input, nth, atMs: this.#nowMs - START_MS };
    this.#calls.push(call);
    this.#at(call.atMs + (this.script.durationMs?.(call) ?? 1000), async () => {
      try {
        const act = this.script.activities[functionName];
        if (act === undefined) throw new Error(`No activity ${functionName} is scripted.`);
        const result = await act(structuredClone(input) as never, call);
        return { EventType: 5, EventId: -1, TaskScheduledId: id, Result: JSON.stringify(result ?? null) };
      } catch (error) {
        const Reason = `Activity function '${functionName}' failed: ${(error as Error).message}`;
        return { EventType: 6, EventId: -1, TaskScheduledId: id, Reason, Details: "" };
      }
    });
    return { EventType: 4, EventId: id, Name: functionName, Input: JSON.stringify([input ?? null]) };
  }

  /** Run to its end at once, on a clock of its own; its end is news when that clock says so. */
  #part(id: number, { functionName = "", input }: Action): Event {
    this.#at(this.#nowMs - START_MS, async () => {
      const callback = callbacks.get(functionName);
      if (callback === undefined) throw new Error(`No orchestrator ${functionName} is registered.`);
      const parent = { nowMs: this.#nowMs, calls: this.#calls };
      const script = { ...this.script, input, events: [] };
      const { output, error, elapsedMs } = await new Execution(functionName, callback, script, parent).run();
      const end = { EventId: -1, TaskScheduledId: id };
      const event =
        error === undefined
          ? { ...end, EventType: 8, Result: JSON.stringify(output ?? null) }
          : { ...end, EventType: 9, Reason: error, Details: "" };
      this.#at(elapsedMs, () => Promise.resolve(event));
      return undefined;
    });
    const Input = JSON.stringify(input);
    return { EventType: 7, EventId: id, Name: functionName, InstanceId: `part:${id}`, Input };
  }

  #at(atMs: number, event: () => Promise<Event | undefined>): void {
    this.#queue.push({ atMs: START_MS + atMs, order: this.#order++, event });
  }

  #trace(): string {
    return `Last calls: ${this.#calls
      .slice(-5)
      .map((call) => call.name)
      .join(", ")}.`;
  }
}
