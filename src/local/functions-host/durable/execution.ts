/**
 * One execution of an orchestrator as a fold over its turns: which ids are given out, which tasks are open, what
 * was decided. It does no I/O, so a journal of turns rebuilds it exactly.
 *
 * Ids: the SDK counts from 0 and sends none, so this counts the same way. A completion that makes the host act by
 * itself (a failed attempt, a retry's wait) takes its id before the orchestrator's new actions; such an event is
 * therefore delivered alone (`takeBatch`), and all others may travel together.
 */
import {
  type Action,
  ActionType,
  assertAllowed,
  assertSameLeaf,
  describeLeaf,
  flatten,
  type KnownNames,
  type Leaf,
  leafOf,
  OrchestratorFault,
  retryAttemptEvent,
  retryTimerEvent,
  schedulingEvent,
} from "./actions.js";
import {
  completedTaskId,
  EventType,
  type HistoryEvent,
  type InstanceStart,
  isFailure,
  iso,
} from "./history.js";
import type { OrchestratorReply } from "./orchestrator-call.js";
import { type Decision, decisionOf, type ExecutionSnapshot, repeatable, type Turn } from "./turn.js";

export class Execution {
  readonly start: InstanceStart;
  readonly history: HistoryEvent[] = [];
  readonly inbox: HistoryEvent[] = [];
  /** The scheduling events of tasks that have not completed, by task id. */
  readonly open = new Map<number, HistoryEvent>();
  customStatus: unknown;
  decision: Decision | undefined;
  readonly #leaves: Leaf[] = [];
  /** Events that came after a continueAsNew; they belong to the next execution. */
  readonly #carried: HistoryEvent[] = [];
  #nextId = 0;

  constructor(start: InstanceStart) {
    this.start = start;
  }

  static begin(start: InstanceStart, waiting: readonly HistoryEvent[] = []): Execution {
    const execution = new Execution(start);
    const { name, input, createdMs } = start;
    execution.inbox.push(
      {
        EventType: EventType.ExecutionStarted,
        EventId: -1,
        Timestamp: iso(createdMs),
        Name: name,
        ...(input === undefined ? {} : { Input: input }),
      },
      ...waiting,
    );
    return execution;
  }

  static restore(snapshot: ExecutionSnapshot): Execution {
    const execution = new Execution(snapshot.start);
    execution.history.push(...snapshot.history);
    execution.inbox.push(...snapshot.inbox);
    execution.#carried.push(...snapshot.carried);
    execution.#leaves.push(...snapshot.leaves);
    execution.#nextId = snapshot.nextId;
    execution.customStatus = snapshot.customStatus;
    execution.decision = snapshot.decision;
    const openIds = new Set(snapshot.openIds);
    for (const event of snapshot.history)
      if (openIds.has(event.EventId)) execution.open.set(event.EventId, event);
    return execution;
  }

  snapshot(): ExecutionSnapshot {
    const { start, history, inbox, customStatus, decision } = this;
    return {
      start,
      history,
      inbox,
      carried: this.#carried,
      leaves: this.#leaves,
      nextId: this.#nextId,
      openIds: [...this.open.keys()],
      customStatus,
      ...(decision === undefined ? {} : { decision }),
    };
  }

  /** True when a completion of this task is wanted: it is open and none is waiting in the inbox. */
  expects(taskId: number): boolean {
    return this.open.has(taskId) && !this.inbox.some((event) => completedTaskId(event) === taskId);
  }

  /** The events to deliver next. External events travel alone, so that none is lost behind a continueAsNew. */
  takeBatch(): HistoryEvent[] {
    const alone = (event: HistoryEvent) =>
      event.EventType === EventType.EventRaised || this.#isHostDriven(event);
    const first = this.inbox[0];
    if (first === undefined || alone(first)) return first === undefined ? [] : [first];
    const end = this.inbox.findIndex(alone);
    return this.inbox.slice(0, end === -1 ? undefined : end);
  }

  /** A completion on which the host itself schedules the next step of a retry. */
  #isHostDriven(event: HistoryEvent): boolean {
    const task = this.open.get(completedTaskId(event) ?? -1);
    return task?.Host?.retry !== undefined && (isFailure(event) || event.EventType === EventType.TimerFired);
  }

  /** Works out a turn from delivered events and the orchestrator's reply (none once it has decided). */
  decide(
    batch: readonly HistoryEvent[],
    atMs: number,
    reply: OrchestratorReply | undefined,
    known: KnownNames,
  ): Turn {
    const { executionId } = this.start;
    let nextId = this.#nextId;
    const scheduled: HistoryEvent[] = [];
    for (const event of batch) {
      if (!this.#isHostDriven(event)) continue;
      const plan = this.open.get(completedTaskId(event) ?? -1)?.Host?.retry;
      if (plan === undefined) continue;
      if (isFailure(event)) scheduled.push(retryTimerEvent(plan, nextId++, atMs));
      else if (plan.attempt < plan.maxAttempts) {
        scheduled.push(
          retryAttemptEvent({ ...plan, attempt: plan.attempt + 1 }, nextId++, { executionId, atMs }),
        );
      }
    }
    if (reply === undefined) {
      return {
        atMs,
        consumed: batch.length,
        scheduled,
        cancelled: [],
        leaves: [],
        customStatus: this.customStatus,
      };
    }

    const actions = flatten(reply.actions);
    this.#assertReplayed(actions);
    const leaves: Leaf[] = [];
    for (const [index, action] of actions.slice(this.#leaves.length).entries()) {
      assertAllowed(action, known);
      if (actions.indexOf(action) < this.#leaves.length + index) {
        leaves.push({ ...repeatable(action), repeated: true });
        continue;
      }
      const event = schedulingEvent(action, nextId, { executionId, atMs });
      leaves.push(leafOf(action, event === undefined ? -1 : nextId));
      if (event === undefined) continue;
      scheduled.push(event);
      nextId++;
    }
    const all = [...this.#leaves, ...leaves];
    const scheduledIds = new Set(scheduled.map(({ EventId }) => EventId));
    const cancelled = actions.flatMap(({ isCanceled }, index) => {
      const id = all[index]?.id ?? -1;
      return isCanceled === true && (this.open.has(id) || scheduledIds.has(id)) ? [id] : [];
    });
    const decision = decisionOf(reply, actions);
    const turn = {
      atMs,
      consumed: batch.length,
      scheduled,
      cancelled,
      leaves,
      customStatus: reply.customStatus,
    };
    if (decision !== undefined) return { ...turn, decision };
    this.#assertNotStuck(turn, batch, all);
    return turn;
  }

  #assertReplayed(actions: readonly Action[]): void {
    for (const [position, leaf] of this.#leaves.entries()) {
      const action = actions[position];
      if (action === undefined) {
        throw new OrchestratorFault(
          `Non-deterministic orchestrator: history has ${describeLeaf(leaf)} as action ${position}, ` +
            "the code now ends before it. Give changed code a new orchestrator name.",
        );
      }
      assertSameLeaf(leaf, action, position);
    }
  }

  /** `Task.all` and `Task.any` over finished tasks never resume in durable-functions 3.5: nothing would ever wake it. */
  #assertNotStuck(turn: Turn, batch: readonly HistoryEvent[], leaves: readonly Leaf[]): void {
    const closed = new Set([...batch.map(completedTaskId), ...turn.cancelled]);
    const open = [...this.open.keys(), ...turn.scheduled.map(({ EventId }) => EventId)];
    if (open.some((id) => !closed.has(id))) return;
    const waits = new Map<string, number>();
    const count = (name: string, by: number) => waits.set(name, (waits.get(name) ?? 0) + by);
    for (const leaf of leaves) {
      if (leaf.type === ActionType.WaitForExternalEvent && leaf.repeated === undefined) count(leaf.name, 1);
    }
    for (const event of [...this.history, ...batch]) {
      if (event.EventType === EventType.EventRaised) count(event.Name ?? "", -1);
    }
    if ([...waits.values()].some((pending) => pending > 0)) return;
    throw new OrchestratorFault(
      "The orchestrator neither ended nor waits for anything that is still open, so it would hang for ever. " +
        "Task.all and Task.any over finished tasks do that in durable-functions 3.5.",
    );
  }

  /** Folds a turn in. Live and from the journal this must do the same. */
  apply(turn: Turn): void {
    const at = { EventId: -1, Timestamp: iso(turn.atMs) };
    this.history.push({ EventType: EventType.OrchestratorStarted, ...at });
    for (const event of this.inbox.splice(0, turn.consumed)) {
      if (event.EventType === EventType.EventRaised && this.decision?.kind === "continued") {
        this.#carried.push(event);
        continue;
      }
      this.history.push(event);
      this.open.delete(completedTaskId(event) ?? -1);
    }
    for (const event of turn.scheduled) {
      this.history.push(event);
      this.open.set(event.EventId, event);
      this.#nextId = event.EventId + 1;
    }
    for (const id of turn.cancelled) this.open.delete(id);
    this.#leaves.push(...turn.leaves);
    this.customStatus = turn.customStatus;
    this.decision ??= turn.decision;
    this.history.push({ EventType: EventType.OrchestratorCompleted, ...at });
  }

  /** Decided, and nothing it started is still open: only then does the real host end an execution (2.6). */
  hasEnded(): boolean {
    if (this.decision === undefined) return false;
    return this.open.size === 0 || (this.decision.kind === "failed" && this.decision.abrupt === true);
  }

  /** What a continueAsNew hands on besides its input. */
  leftForNext(): HistoryEvent[] {
    return [...this.#carried, ...this.inbox.filter(({ EventType: type }) => type === EventType.EventRaised)];
  }
}
