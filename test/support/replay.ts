/** One call of an orchestrator through the real durable-functions executor, over the history that it is given. */
import type { OrchestrationHandler } from "durable-functions";
import type { Action, Callback, OrchestratorState } from "./functions-core.js";
import { callbacks, df } from "./functions-core.js";

const COMPOUND = [11, 12];

export interface HistoryEvent {
  readonly EventType: number;
  readonly EventId: number;
  IsPlayed: boolean;
  readonly Timestamp: string;
  readonly [field: string]: unknown;
}

export function registered(handler: OrchestrationHandler): [name: string, callback: Callback] {
  const name = `orchestrator${callbacks.size}`;
  df.app.orchestration(name, handler);
  const callback = callbacks.get(name);
  if (callback === undefined) throw new Error("The library did not register the orchestrator.");
  return [name, callback];
}

export async function execute(
  callback: Callback,
  input: unknown,
  history: readonly HistoryEvent[],
): Promise<OrchestratorState> {
  const trigger = {
    // The library makes dates of its timestamps, once and for all: JSON writes both the same.
    history,
    input,
    instanceId: "instance",
    isReplaying: false,
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "10675199.00:00:00",
    maximumShortTimerDuration: "10675199.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30000,
  };
  const silent = () => undefined;
  try {
    return await callback(trigger, { log: silent, debug: silent, warn: silent, error: silent });
  } catch (error) {
    const [, data] = (error as Error).message.split("$OutOfProcData$:");
    if (data === undefined) throw error;
    return JSON.parse(data) as OrchestratorState;
  }
}

export const leavesOf = (actions: OrchestratorState["actions"]): Action[] => flatten(actions.flat());

const flatten = (actions: readonly Action[]): Action[] =>
  actions.flatMap((action) =>
    COMPOUND.includes(action.actionType) ? flatten(action.compoundActions ?? []) : [action],
  );
