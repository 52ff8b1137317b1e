/** What one turn of an execution adds to it: the unit that the journal keeps. */
import { type Action, ActionType, describeLeaf, type Leaf, leafOf, OrchestratorFault } from "./actions.js";
import type { HistoryEvent, InstanceStart } from "./history.js";
import type { OrchestratorReply } from "./orchestrator-call.js";

export type Decision =
  | { readonly kind: "completed"; readonly output: string }
  /** `abrupt`: the history cannot be trusted any more, so open tasks are not waited for. */
  | { readonly kind: "failed"; readonly message: string; readonly abrupt?: true }
  | { readonly kind: "continued"; readonly input: string | undefined };

export interface Turn {
  readonly atMs: number;
  /** How many events of the inbox it consumed. */
  readonly consumed: number;
  readonly scheduled: readonly HistoryEvent[];
  readonly cancelled: readonly number[];
  readonly leaves: readonly Leaf[];
  readonly customStatus?: unknown;
  readonly decision?: Decision;
}

export interface ExecutionSnapshot {
  readonly start: InstanceStart;
  readonly history: readonly HistoryEvent[];
  readonly inbox: readonly HistoryEvent[];
  readonly carried: readonly HistoryEvent[];
  readonly leaves: readonly Leaf[];
  readonly nextId: number;
  readonly openIds: readonly number[];
  readonly customStatus?: unknown;
  readonly decision?: Decision;
}

/** Listing a task again makes the real host schedule its work again (durable-js #574); waiting for an event is no work. */
export function repeatable(action: Action): Leaf {
  const leaf = leafOf(action, -1);
  if (action.actionType === ActionType.WaitForExternalEvent) return leaf;
  throw new OrchestratorFault(
    `The task ${describeLeaf(leaf)} is used in a second Task.any or Task.all: the real host would schedule its work ` +
      "again. Yield the task itself, or make a new one.",
  );
}

export function decisionOf(reply: OrchestratorReply, actions: readonly Action[]): Decision | undefined {
  if (reply.error !== undefined) return { kind: "failed", message: reply.error };
  if (!reply.isDone) return undefined;
  const last = actions.at(-1);
  if (last?.actionType === ActionType.ContinueAsNew)
    return { kind: "continued", input: JSON.stringify(last.input) };
  return { kind: "completed", output: JSON.stringify(reply.output ?? null) };
}
