/** The timers that instances wait for, on the host's clock. What is armed is lost on a stop and armed anew at start. */
import type { Clock } from "../../clock.js";
import { EventType, type HistoryEvent, iso } from "./history.js";

export interface DurableTimers {
  arm(instanceId: string, created: HistoryEvent, fired: (event: HistoryEvent) => void): void;
  disarm(instanceId: string, taskId: number): void;
  disarmAll(instanceId: string): void;
  close(): void;
}

export function durableTimers(clock: Clock): DurableTimers {
  const cancels = new Map<string, Map<number, () => void>>();
  const remove = (instanceId: string, taskId: number) => {
    const ofInstance = cancels.get(instanceId);
    ofInstance?.delete(taskId);
    if (ofInstance?.size === 0) cancels.delete(instanceId);
  };
  const timers: DurableTimers = {
    arm(instanceId, { EventId: taskId, FireAt: fireAt = "" }, fired) {
      const fire = () => {
        remove(instanceId, taskId);
        const at = { EventId: -1, Timestamp: iso(clock.now()) };
        fired({ EventType: EventType.TimerFired, ...at, TimerId: taskId, FireAt: fireAt });
      };
      const delayMs = new Date(fireAt).getTime() - clock.now();
      if (delayMs <= 0) {
        fire();
        return;
      }
      const ofInstance = cancels.get(instanceId) ?? new Map<number, () => void>();
      cancels.set(instanceId, ofInstance.set(taskId, clock.after(delayMs, fire)));
    },
    disarm(instanceId, taskId) {
      cancels.get(instanceId)?.get(taskId)?.();
      remove(instanceId, taskId);
    },
    disarmAll(instanceId) {
      for (const cancel of cancels.get(instanceId)?.values() ?? []) cancel();
      cancels.delete(instanceId);
    },
    close() {
      for (const instanceId of [...cancels.keys()]) timers.disarmAll(instanceId);
    },
  };
  return timers;
}
