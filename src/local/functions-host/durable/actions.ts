/**
 * The ordered list of actions that an orchestrator returns each turn, flattened to its leaves in the order in
 * which the SDK numbers them, and what this host refuses among them.
 */
import { hash } from "node:crypto";
import { EventType, type HistoryEvent, iso, type RetryPlan } from "./history.js";

export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  WhenAny: 11,
  WhenAll: 12,
} as const;

/** What the SDK may return and this host has no answer to. */
const refusedActions: Readonly<Record<number, string>> = {
  7: "callEntity",
  8: "callHttp",
  9: "signalEntity",
  10: "a scheduled signalEntity",
  13: "entity locks",
  14: "entity locks",
};

const actionNames: Readonly<Record<number, string>> = {
  0: "callActivity",
  1: "callActivityWithRetry",
  2: "callSubOrchestrator",
  3: "callSubOrchestratorWithRetry",
  4: "continueAsNew",
  5: "createTimer",
  6: "waitForExternalEvent",
  ...refusedActions,
};

export interface Action {
  readonly actionType: number;
  readonly functionName?: string;
  readonly externalEventName?: string;
  readonly input?: unknown;
  readonly instanceId?: string;
  readonly fireAt?: string | Date;
  readonly isCanceled?: boolean;
  readonly retryOptions?: {
    readonly firstRetryIntervalInMilliseconds: number;
    readonly maxNumberOfAttempts: number;
    readonly backoffCoefficient?: number;
    readonly maxRetryIntervalInMilliseconds?: number;
    readonly retryTimeoutInMilliseconds?: number;
  };
  readonly compoundActions?: readonly Action[];
}

/** What is kept of a leaf to recognise it on every later turn. */
export interface Leaf {
  readonly type: number;
  readonly name: string;
  /** Of everything that identifies the work: input, child id, due time, retry options. */
  readonly hash: string;
  /** The task id, -1 for a leaf that takes none. */
  readonly id: number;
  /** A wait for an event that an earlier leaf already stands for. */
  readonly repeated?: true;
}

/** The orchestrator did what this host, or the real one, does not allow. The instance fails with this message. */
export class OrchestratorFault extends Error {}

export function flatten(actions: readonly Action[]): Action[] {
  return actions.flatMap((action) => (action.compoundActions ? flatten(action.compoundActions) : [action]));
}

const nameOf = (action: Action) => action.functionName ?? action.externalEventName ?? "";

function hashOf({ input, instanceId, fireAt, retryOptions }: Action): string {
  const text = JSON.stringify([input, instanceId, fireAt, retryOptions]);
  return hash("sha1", text, "base64url").slice(0, 16);
}

export function leafOf(action: Action, id: number): Leaf {
  return { type: action.actionType, name: nameOf(action), hash: hashOf(action), id };
}

export function describeLeaf(leaf: { readonly type: number; readonly name: string }): string {
  return `${actionNames[leaf.type] ?? `action ${leaf.type}`}(${leaf.name})`;
}

/** Fails when a recorded leaf is no longer what the orchestrator does at that place. */
export function assertSameLeaf(recorded: Leaf, action: Action, position: number): void {
  const now = leafOf(action, recorded.id);
  if (now.type === recorded.type && now.name === recorded.name && now.hash === recorded.hash) return;
  const what =
    now.type !== recorded.type || now.name !== recorded.name
      ? `history has ${describeLeaf(recorded)}, the code now does ${describeLeaf(now)}`
      : `${describeLeaf(recorded)} now has another input, child id, due time or retry policy`;
  throw new OrchestratorFault(
    `Non-deterministic orchestrator: at action ${position}, ${what}. ` +
      "Orchestrators must do the same on every replay: no clock, random value or outside state; " +
      "give changed code a new orchestrator name.",
  );
}

export interface KnownNames {
  isActivity(name: string): boolean;
  isOrchestrator(name: string): boolean;
}

/** Refuses by name what cannot be honoured, before anything is recorded. */
export function assertAllowed(action: Action, known: KnownNames): void {
  const refused = refusedActions[action.actionType];
  if (refused !== undefined) throw new OrchestratorFault(`The local host does not support ${refused}.`);
  const name = nameOf(action);
  const missing = (kind: string) =>
    new OrchestratorFault(
      `The function '${name}' doesn't exist, is disabled, or is not an ${kind} function. Register it, or correct the name.`,
    );
  switch (action.actionType) {
    case ActionType.CallActivity:
    case ActionType.CallActivityWithRetry:
      if (!known.isActivity(name)) throw missing("activity");
      if (typeof action.input === "boolean") {
        throw new OrchestratorFault(
          `Activity '${name}' gets a bare boolean, which the real host delivers as the text "True"; wrap it in an object.`,
        );
      }
      break;
    case ActionType.CallSubOrchestrator:
    case ActionType.CallSubOrchestratorWithRetry:
      if (!known.isOrchestrator(name)) throw missing("orchestrator");
      break;
    case ActionType.WaitForExternalEvent:
      if (isIntegerLike(name)) {
        throw new OrchestratorFault(
          `An event named "${name}" would complete task ${name}; give it a name of letters.`,
        );
      }
      break;
    case ActionType.CreateTimer:
    case ActionType.ContinueAsNew:
      break;
    default:
      throw new OrchestratorFault(`The local host does not know action type ${action.actionType}.`);
  }
  if (action.retryOptions?.retryTimeoutInMilliseconds !== undefined) {
    throw new OrchestratorFault(
      `'${name}' has a retryTimeoutInMilliseconds: once it expires, a JavaScript orchestrator hangs in the real host. ` +
        "Limit maxNumberOfAttempts instead.",
    );
  }
}

export const isIntegerLike = (name: string) => /^\d+$/.test(name);

/** The default of the real host for maxRetryInterval: 6 days. */
const MAX_RETRY_DELAY_MS = 6 * 24 * 3600 * 1000;

/** The event that schedules a leaf, or undefined for one that schedules nothing. */
export function schedulingEvent(
  action: Action,
  id: number,
  execution: { readonly executionId: string; readonly atMs: number },
): HistoryEvent | undefined {
  if (action.actionType === ActionType.CreateTimer) {
    const fireAt = iso(new Date(action.fireAt ?? 0).getTime());
    return { EventType: EventType.TimerCreated, EventId: id, Timestamp: iso(execution.atMs), FireAt: fireAt };
  }
  const isActivity =
    action.actionType === ActionType.CallActivity || action.actionType === ActionType.CallActivityWithRetry;
  const isSub =
    action.actionType === ActionType.CallSubOrchestrator ||
    action.actionType === ActionType.CallSubOrchestratorWithRetry;
  if (!isActivity && !isSub) return undefined;
  const attempt = {
    scheduled: isActivity ? EventType.TaskScheduled : EventType.SubOrchestrationInstanceCreated,
    name: nameOf(action),
    // The history of the real host holds an activity's arguments as a list of one.
    input: isActivity ? JSON.stringify([action.input ?? null]) : JSON.stringify(action.input),
    ...(action.instanceId ? { instanceId: action.instanceId } : {}),
  };
  const options = action.retryOptions;
  if (options === undefined) return attemptEvent(attempt, id, execution);
  const plan: RetryPlan = {
    ...attempt,
    firstDelayMs: options.firstRetryIntervalInMilliseconds,
    maxAttempts: options.maxNumberOfAttempts,
    backoff: options.backoffCoefficient ?? 1,
    maxDelayMs: options.maxRetryIntervalInMilliseconds ?? MAX_RETRY_DELAY_MS,
    attempt: 1,
  };
  return retryAttemptEvent(plan, id, execution);
}

function attemptEvent(
  { scheduled, name, input, instanceId }: Pick<RetryPlan, "scheduled" | "name" | "input" | "instanceId">,
  id: number,
  { executionId, atMs }: { readonly executionId: string; readonly atMs: number },
): HistoryEvent {
  return {
    EventType: scheduled,
    EventId: id,
    Timestamp: iso(atMs),
    Name: name,
    ...(input === undefined ? {} : { Input: input }),
    ...(scheduled === EventType.SubOrchestrationInstanceCreated
      ? { InstanceId: instanceId ?? `${executionId}:${id}` }
      : {}),
  };
}

export function retryAttemptEvent(
  plan: RetryPlan,
  id: number,
  execution: { readonly executionId: string; readonly atMs: number },
): HistoryEvent {
  return { ...attemptEvent(plan, id, execution), Host: { retry: plan } };
}

/** The wait after a failed attempt; after the last one it fires at once, because the SDK waits for it (2.5, 3). */
export function retryTimerEvent(plan: RetryPlan, id: number, atMs: number): HistoryEvent {
  const last = plan.attempt >= plan.maxAttempts;
  const delayMs = last
    ? 0
    : Math.min(plan.firstDelayMs * plan.backoff ** (plan.attempt - 1), plan.maxDelayMs);
  return {
    EventType: EventType.TimerCreated,
    EventId: id,
    Timestamp: iso(atMs),
    FireAt: iso(atMs + delayMs),
    Host: { retry: plan },
  };
}
