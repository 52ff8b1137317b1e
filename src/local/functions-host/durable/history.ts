/**
 * Events of an orchestration's history, by the numbers and names of the out-of-process protocol. `Host` is this
 * host's own note on an event and is never sent to the SDK.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** The retry of one task, carried by each of its attempts and waits. */
export interface RetryPlan {
  readonly scheduled: typeof EventType.TaskScheduled | typeof EventType.SubOrchestrationInstanceCreated;
  readonly name: string;
  readonly input: string | undefined;
  readonly instanceId?: string;
  readonly firstDelayMs: number;
  readonly maxAttempts: number;
  readonly backoff: number;
  readonly maxDelayMs: number;
  readonly attempt: number;
}

export interface HistoryEvent {
  readonly EventType: EventType;
  /** The task id of an event that schedules; -1 on all others. */
  readonly EventId: number;
  readonly Timestamp: string;
  readonly Name?: string;
  readonly Input?: string;
  readonly InstanceId?: string;
  readonly Result?: string;
  readonly Reason?: string;
  readonly Details?: string;
  readonly TaskScheduledId?: number;
  readonly TimerId?: number;
  readonly FireAt?: string;
  readonly OrchestrationStatus?: string;
  readonly Host?: { readonly retry?: RetryPlan };
}

/** The task that a completion completes, or undefined for an event that completes none. */
export function completedTaskId(event: HistoryEvent): number | undefined {
  return event.TaskScheduledId ?? event.TimerId;
}

export function isFailure({ EventType: type }: HistoryEvent): boolean {
  return type === EventType.TaskFailed || type === EventType.SubOrchestrationInstanceFailed;
}

export const iso = (ms: number) => new Date(ms).toISOString();

export type RuntimeStatus = "Pending" | "Running" | "Suspended" | "Completed" | "Failed" | "Terminated";

export interface ParentLink {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
}

/** How an execution begins. Texts are JSON. */
export interface InstanceStart {
  readonly id: string;
  readonly name: string;
  readonly executionId: string;
  readonly input: string | undefined;
  readonly createdMs: number;
  readonly parent?: ParentLink;
}

/** What is known of an instance without its history. */
export interface InstanceSummary {
  readonly id: string;
  readonly name: string;
  readonly status: RuntimeStatus;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly parent?: ParentLink;
}

/** Everything about one instance, as the status API shows it. */
export interface InstanceRow extends InstanceSummary {
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly customStatus: unknown;
  readonly history: readonly HistoryEvent[];
}
