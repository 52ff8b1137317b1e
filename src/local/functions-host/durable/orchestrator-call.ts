/**
 * One call of an orchestrator function: the whole history in, the whole list of actions out (schema V4 of the
 * out-of-process protocol).
 */
import type { RegisteredFunction } from "../core/core-module.js";
import { asString } from "../core/typed-data.js";
import type { Invoke } from "../core/invoker.js";
import { messageOf } from "../log.js";
import { type Action, OrchestratorFault } from "./actions.js";
import { EventType, type HistoryEvent, type InstanceStart, iso } from "./history.js";

export interface OrchestratorReply {
  readonly isDone: boolean;
  readonly actions: readonly Action[];
  readonly output?: unknown;
  readonly customStatus?: unknown;
  readonly error?: string;
}

interface OrchestratorState {
  readonly isDone: boolean;
  readonly actions: readonly (readonly Action[])[];
  readonly output?: unknown;
  readonly customStatus?: unknown;
  readonly error?: string;
}

const SCHEMA_V4 = 3;
/** Longer than any timer: the SDK would otherwise split long timers, and number each part. */
const NEVER_SPLIT = "10675199.00:00:00";
/** "Custom status values are limited to 16 KB of serialized UTF-16 JSON text." (Durable Functions documentation) */
const CUSTOM_STATUS_LIMIT_BYTES = 16 * 1024;
const FAILURE_LABEL = "\n\n$OutOfProcData$:";

export async function callOrchestrator(
  invoke: Invoke,
  target: RegisteredFunction,
  start: InstanceStart,
  past: readonly HistoryEvent[],
  batch: readonly HistoryEvent[],
  atMs: number,
): Promise<OrchestratorReply> {
  const current: HistoryEvent[] = [
    { EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: iso(atMs) },
    ...batch,
  ];
  const payload = {
    history: [
      ...past.map((event) => sent(event, start, true)),
      ...current.map((event) => sent(event, start, false)),
    ],
    input: start.input === undefined ? null : (JSON.parse(start.input) as unknown),
    instanceId: start.id,
    isReplaying: false,
    parentInstanceId: start.parent?.instanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: SCHEMA_V4,
    longRunningTimerIntervalDuration: NEVER_SPLIT,
    maximumShortTimerDuration: NEVER_SPLIT,
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  const about = { instanceId: start.id };
  try {
    const { result, context } = await invoke(target, { input: asString(JSON.stringify(payload)), about });
    assertCustomStatus(context.df);
    return replyOf(result as OrchestratorState);
  } catch (thrown) {
    if (thrown instanceof OrchestratorFault) throw thrown;
    const [message = "", state] = messageOf(thrown).split(FAILURE_LABEL);
    if (state === undefined) return { isDone: false, actions: [], error: message };
    return replyOf(JSON.parse(state) as OrchestratorState);
  }
}

function sent(event: HistoryEvent, start: InstanceStart, played: boolean): object {
  if (event.EventType !== EventType.ExecutionStarted) return { ...event, Host: undefined, IsPlayed: played };
  const { id, executionId, parent } = start;
  return {
    ...event,
    IsPlayed: played,
    Version: "",
    OrchestrationInstance: { InstanceId: id, ExecutionId: executionId },
    ParentInstance:
      parent === undefined ? null : { OrchestrationInstance: { InstanceId: parent.instanceId } },
    Tags: null,
  };
}

function replyOf(state: OrchestratorState): OrchestratorReply {
  const { isDone, output, customStatus, error } = state;
  // What crosses to the host is JSON: an object may say itself what it is there.
  const shown = JSON.stringify(customStatus ?? null);
  const sizeBytes = 2 * shown.length;
  if (sizeBytes > CUSTOM_STATUS_LIMIT_BYTES) {
    throw new OrchestratorFault(
      `The custom status takes ${sizeBytes} bytes as UTF-16 JSON; the real host refuses more than ${CUSTOM_STATUS_LIMIT_BYTES}.`,
    );
  }
  return {
    isDone,
    actions: state.actions.flat(),
    output,
    customStatus: customStatus === undefined ? undefined : (JSON.parse(shown) as unknown),
    ...(error === undefined ? {} : { error }),
  };
}

/** The SDK drops a falsy status on its way out, so that it silently clears; only its context still shows it. */
function assertCustomStatus(df: unknown): void {
  if (typeof df !== "object" || df === null || !Object.hasOwn(df, "customStatus")) return;
  const { customStatus } = df as { customStatus: unknown };
  if (!customStatus) {
    throw new OrchestratorFault(
      `setCustomStatus(${String(customStatus)}): a falsy custom status clears it instead; use an object.`,
    );
  }
}
