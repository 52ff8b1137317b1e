/** Asks the orchestrator for its next turn, and makes a failed one of whatever it must not do. */
import type { RegisteredFunction } from "../core/core-module.js";
import type { Invoke } from "../core/invoker.js";
import { type Log, messageOf } from "../log.js";
import { type KnownNames, OrchestratorFault } from "./actions.js";
import type { Execution } from "./execution.js";
import { callOrchestrator } from "./orchestrator-call.js";
import type { Turn } from "./turn.js";

export interface TurnMakerOptions {
  readonly invoke: Invoke;
  readonly log: Log;
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>;
  readonly known: KnownNames;
}

export function turnMaker({ invoke, log, orchestrators, known }: TurnMakerOptions) {
  return async (execution: Execution, atMs: number): Promise<Turn> => {
    const { start, history, decision, customStatus } = execution;
    const batch = execution.takeBatch();
    try {
      const target = orchestrators.get(start.name);
      if (target === undefined) {
        throw new OrchestratorFault(
          `The function '${start.name}' doesn't exist, is disabled, or is not an orchestrator function.`,
        );
      }
      const reply = decision
        ? undefined
        : await callOrchestrator(invoke, target, start, history, batch, atMs);
      return execution.decide(batch, atMs, reply, known);
    } catch (error) {
      const message = messageOf(error);
      const about = { instanceId: start.id, function: start.name, error: message };
      // Anything but a fault of the orchestrator is one of this host: then the stack is worth a line.
      const stack = error instanceof OrchestratorFault ? {} : { stack: (error as Error).stack };
      log("error", "orchestrator-refused", { ...about, ...stack });
      return {
        atMs,
        consumed: batch.length,
        ...{ scheduled: [], cancelled: [], leaves: [], customStatus },
        decision: { kind: "failed", message, abrupt: true },
      };
    }
  };
}
