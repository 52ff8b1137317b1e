/**
 * Between a parent and its children. A child is known by the parent's id, execution and task, so that starting it
 * again after a crash finds it, running or finished, and telling a parent twice is telling it once.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.js";
import type { WorkTracker } from "../work-tracker.js";
import type { Execution } from "./execution.js";
import { EventType, type HistoryEvent, type InstanceRow, type InstanceStart, iso } from "./history.js";
import type { Instances } from "./instances.js";

export interface SubOrchestrations {
  start(parent: Execution, scheduled: HistoryEvent): Promise<void>;
  /** Hands the end of an instance to the task that waits for it, if one does. */
  tellParent(row: InstanceRow): void;
}

export const newExecutionId = () => randomUUID().replaceAll("-", "");

export function subOrchestrations({
  instances,
  clock,
  work,
  deliver,
  begin,
}: {
  readonly instances: Instances;
  readonly clock: Clock;
  readonly work: WorkTracker;
  readonly deliver: (to: Execution, event: HistoryEvent) => void;
  readonly begin: (start: InstanceStart) => void;
}): SubOrchestrations {
  const completion = (taskId: number) => ({
    EventId: -1,
    Timestamp: iso(clock.now()),
    TaskScheduledId: taskId,
  });
  const failure = (taskId: number, reason: string): HistoryEvent => ({
    ...completion(taskId),
    EventType: EventType.SubOrchestrationInstanceFailed,
    Reason: reason,
    // The SDK cannot read a failure whose details are not text.
    Details: "",
  });

  const tellParent: SubOrchestrations["tellParent"] = ({ parent, status, output = "null" }) => {
    if (parent === undefined) return;
    const execution = instances.live.get(parent.instanceId)?.execution;
    if (execution?.start.executionId !== parent.executionId) return;
    const { taskId } = parent;
    deliver(
      execution,
      status === "Completed"
        ? { ...completion(taskId), EventType: EventType.SubOrchestrationInstanceCompleted, Result: output }
        : failure(taskId, textOf(output)),
    );
  };

  return {
    tellParent,
    async start(parent, { EventId: taskId, InstanceId: id = "", Name: name = "", Input: input }) {
      const { executionId } = parent.start;
      const link = { instanceId: parent.start.id, executionId, taskId };
      const isOurs = (other: InstanceStart["parent"]) =>
        other?.instanceId === link.instanceId && other.executionId === executionId && other.taskId === taskId;
      const running = instances.live.get(id);
      if (running !== undefined) {
        if (isOurs(running.execution.start.parent)) return;
        const reason = `Sub-orchestration '${name}' cannot start: an instance with the id '${id}' is running already.`;
        deliver(parent, failure(taskId, reason));
        return;
      }
      if (!isOurs(instances.finished(id)?.parent)) {
        begin({ id, name, executionId: newExecutionId(), input, createdMs: clock.now(), parent: link });
        return;
      }
      const done = work.begin();
      const row = await instances.row(id);
      if (row !== undefined) tellParent(row);
      done();
    },
  };
}

/** The output of a failed or terminated child is its reason as JSON text. */
function textOf(output: string): string {
  const value = JSON.parse(output) as unknown;
  return typeof value === "string" ? value : output;
}
