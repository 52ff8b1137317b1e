/**
 * Runs instances: one turn after another for each, many instances side by side. A turn is in the journal, safely,
 * before anything it scheduled begins. What a crash interrupted is found again by comparing the open tasks of each
 * live instance with what exists (`recover`), so there is no outbox: an activity is dispatched again, a timer armed
 * again, a child started or asked again.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.js";
import type { RegisteredFunction } from "../core/core-module.js";
import type { Invoke } from "../core/invoker.js";
import { type Log, messageOf } from "../log.js";
import type { WorkTracker } from "../work-tracker.js";
import type { KnownNames } from "./actions.js";
import { activityRunner } from "./activity-runner.js";
import type { Execution } from "./execution.js";
import {
  completedTaskId,
  EventType,
  type HistoryEvent,
  type InstanceRow,
  type InstanceStart,
  iso,
} from "./history.js";
import { finalRow, type Instances, type LiveInstance } from "./instances.js";
import { newExecutionId, subOrchestrations } from "./sub-orchestrations.js";
import { durableTimers } from "./durable-timers.js";
import type { Turn } from "./turn.js";
import { turnMaker } from "./turn-maker.js";

export interface EngineOptions {
  readonly instances: Instances;
  readonly clock: Clock;
  readonly log: Log;
  readonly work: WorkTracker;
  readonly invoke: Invoke;
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>;
  readonly activities: ReadonlyMap<string, RegisteredFunction>;
  readonly maxActivities: number;
}

export interface DurableEngine {
  start(name: string, id: string | undefined, input: string | undefined): Promise<StartOutcome>;
  raiseEvent(id: string, name: string, input: string): Promise<MessageOutcome>;
  terminate(id: string, reason: string): Promise<MessageOutcome>;
  suspend(id: string, reason: string): Promise<MessageOutcome | "conflict">;
  resume(id: string, reason: string): Promise<MessageOutcome | "conflict">;
  /** True when a finished instance of that id was removed. */
  purge(id: string): Promise<boolean>;
  recover(): Promise<void>;
  /** No new turn begins; what runs may finish until the promise of `drained` wins. */
  stop(drained: Promise<void>): Promise<void>;
}

export type StartOutcome = { readonly id: string } | "unknown-function" | "already-running";
export type MessageOutcome = "accepted" | "not-found" | "gone";

export function createEngine(options: EngineOptions): DurableEngine {
  const { instances, clock, log, work } = options;
  const known: KnownNames = {
    isActivity: (name) => options.activities.has(name),
    isOrchestrator: (name) => options.orchestrators.has(name),
  };
  const think = turnMaker({ ...options, known });
  const runActivity = activityRunner(options);
  const turning = new Set<string>();
  const timers = durableTimers(clock);
  let draining = false;
  let closed = false;

  const isCurrent = (execution: Execution) =>
    !closed && instances.live.get(execution.start.id)?.execution === execution;

  const deliver = (execution: Execution, event: HistoryEvent): void => {
    if (!isCurrent(execution)) return;
    const taskId = completedTaskId(event);
    if (taskId !== undefined && !execution.expects(taskId)) return;
    instances.receive(execution.start.id, event);
    run(execution.start.id);
  };

  const children = subOrchestrations({ instances, clock, work, deliver, begin });

  const hasWork = (id: string) => {
    const instance = instances.live.get(id);
    if (draining || instance === undefined || instance.status === "Suspended") return false;
    return instance.execution.inbox.length > 0 || instance.execution.hasEnded();
  };

  function run(id: string): void {
    if (turning.has(id) || !hasWork(id)) return;
    turning.add(id);
    const done = work.begin();
    const turns = async () => {
      try {
        for (
          let instance = instances.live.get(id);
          instance && hasWork(id);
          instance = instances.live.get(id)
        ) {
          await takeTurn(instance);
        }
      } catch (error) {
        log("error", "turn-broken", {
          instanceId: id,
          error: messageOf(error),
          stack: (error as Error).stack,
        });
        draining = true; // Only a journal that cannot be written comes here: nothing may go on in memory alone.
      } finally {
        turning.delete(id);
        done();
      }
    };
    void turns();
  }

  async function takeTurn(instance: LiveInstance): Promise<void> {
    const { execution } = instance;
    const { id } = execution.start;
    let turn: Turn | undefined;
    if (!execution.hasEnded()) {
      turn = await think(execution, clock.now());
      if (!isCurrent(execution)) return;
      instances.turn(id, turn);
    }
    const row = execution.hasEnded() ? end(instance) : undefined;
    await instances.flushed();
    if (row !== undefined) finished(row);
    if (turn === undefined || !isCurrent(execution)) return;
    for (const taskId of turn.cancelled) timers.disarm(id, taskId);
    for (const event of inDueOrder(turn.scheduled))
      if (execution.expects(event.EventId)) dispatch(execution, event);
  }

  /** Records how a decided execution ends; returns the row of an instance that is over. */
  function end(instance: LiveInstance): InstanceRow | undefined {
    const { start, decision } = instance.execution;
    if (decision === undefined) return undefined;
    const atMs = clock.now();
    if (decision.kind === "continued") {
      timers.disarmAll(start.id);
      instances.again(start.id, {
        ...start,
        executionId: newExecutionId(),
        input: decision.input,
        createdMs: atMs,
      });
      return undefined;
    }
    const output =
      decision.kind === "completed"
        ? decision.output
        : JSON.stringify(`Orchestrator function '${start.name}' failed: ${decision.message}`);
    const status = decision.kind === "completed" ? ("Completed" as const) : ("Failed" as const);
    const row = finalRow(instance, { status, output, atMs });
    instances.finish(start.id, row);
    return row;
  }

  function finished(row: InstanceRow): void {
    timers.disarmAll(row.id);
    const { id, name, status, createdMs, updatedMs } = row;
    log(status === "Failed" ? "warn" : "info", "instance-ended", {
      instanceId: id,
      function: name,
      status,
      durationMs: Math.round(updatedMs - createdMs),
    });
    children.tellParent(row);
  }

  function dispatch(execution: Execution, event: HistoryEvent): void {
    if (draining) return;
    if (event.EventType === EventType.TimerCreated) {
      timers.arm(execution.start.id, event, (fired) => deliver(execution, fired));
    } else if (event.EventType === EventType.TaskScheduled) {
      void runActivity(execution.start.id, event).then((completion) => deliver(execution, completion));
    } else void children.start(execution, event);
  }

  function begin(start: InstanceStart): void {
    instances.start(start);
    log("info", "instance-started", {
      instanceId: start.id,
      function: start.name,
      ...(start.parent === undefined ? {} : { parentInstanceId: start.parent.instanceId }),
    });
    run(start.id);
  }

  /** The instance when it can take a message, else why not. */
  const receiver = (id: string): LiveInstance | Exclude<MessageOutcome, "accepted"> =>
    instances.live.get(id) ?? (instances.finished(id) === undefined ? "not-found" : "gone");

  const switchTo = async (id: string, to: "Suspended" | "Running", reason: string) => {
    const instance = receiver(id);
    if (typeof instance === "string") return instance;
    if ((instance.status === "Suspended") === (to === "Suspended")) return "conflict" as const;
    const type = to === "Suspended" ? EventType.ExecutionSuspended : EventType.ExecutionResumed;
    instances.setStatus(id, to, {
      EventType: type,
      EventId: -1,
      Timestamp: iso(clock.now()),
      Reason: reason,
    });
    await instances.flushed();
    log("info", to === "Suspended" ? "instance-suspended" : "instance-resumed", { instanceId: id });
    run(id);
    return "accepted" as const;
  };

  return {
    async start(name, id = randomUUID().replaceAll("-", ""), input) {
      if (!options.orchestrators.has(name)) return "unknown-function";
      if (instances.live.has(id)) return "already-running";
      begin({ id, name, executionId: newExecutionId(), input, createdMs: clock.now() });
      await instances.flushed();
      return { id };
    },
    async raiseEvent(id, name, input) {
      const instance = receiver(id);
      if (typeof instance === "string") return instance;
      const at = { EventId: -1, Timestamp: iso(clock.now()) };
      deliver(instance.execution, { EventType: EventType.EventRaised, ...at, Name: name, Input: input });
      await instances.flushed();
      return "accepted";
    },
    async terminate(id, reason) {
      const instance = receiver(id);
      if (typeof instance === "string") return instance;
      const row = finalRow(instance, {
        status: "Terminated",
        output: JSON.stringify(reason),
        atMs: clock.now(),
      });
      instances.finish(id, row);
      await instances.flushed();
      finished(row);
      return "accepted";
    },
    suspend: (id, reason) => switchTo(id, "Suspended", reason),
    resume: (id, reason) => switchTo(id, "Running", reason),
    async purge(id) {
      if (instances.finished(id) === undefined) return false;
      instances.purge(id);
      await instances.flushed();
      return true;
    },
    async recover() {
      await instances.flushed();
      for (const [id, { execution }] of [...instances.live]) {
        for (const event of inDueOrder([...execution.open.values()])) {
          if (execution.expects(event.EventId)) dispatch(execution, event);
        }
        run(id);
      }
    },
    async stop(drained) {
      draining = true;
      timers.close();
      await drained;
      closed = true;
      await instances.close();
    },
  };
}

/** Timers that are due already, after a stop or a slow turn, still fire in the order in which they fell due. */
function inDueOrder(events: readonly HistoryEvent[]): HistoryEvent[] {
  return events.toSorted(({ FireAt: a = "" }, { FireAt: b = "" }) => (a < b ? -1 : a > b ? 1 : 0));
}
