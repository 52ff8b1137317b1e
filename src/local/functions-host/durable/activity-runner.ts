/** Runs activities, no more at once than host.json allows, and turns what they return or throw into an event. */
import type { Clock } from "../../clock.js";
import type { RegisteredFunction } from "../core/core-module.js";
import type { RpcTypedData } from "../core/core-types.js";
import type { Invoke } from "../core/invoker.js";
import { asString, toJsonText } from "../core/typed-data.js";
import { type Log, messageOf } from "../log.js";
import type { WorkTracker } from "../work-tracker.js";
import { EventType, type HistoryEvent, iso } from "./history.js";

export interface ActivityRunnerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly work: WorkTracker;
  readonly invoke: Invoke;
  readonly activities: ReadonlyMap<string, RegisteredFunction>;
  readonly maxActivities: number;
}

export function activityRunner({
  clock,
  log,
  work,
  invoke,
  activities,
  maxActivities,
}: ActivityRunnerOptions) {
  const { enter, leave } = turnstile(maxActivities);

  /** Resolves with the completion of the scheduled activity; never rejects. */
  return async (instanceId: string, scheduled: HistoryEvent): Promise<HistoryEvent> => {
    const { EventId: taskId, Name: name = "" } = scheduled;
    const done = work.begin();
    await enter();
    const beganMs = clock.now();
    const about = { instanceId, activity: name, taskId };
    const completion = (): { EventId: number; Timestamp: string; TaskScheduledId: number } => ({
      EventId: -1,
      Timestamp: iso(clock.now()),
      TaskScheduledId: taskId,
    });
    try {
      const target = activities.get(name);
      if (target === undefined) throw new Error(`The function '${name}' is not registered any more.`);
      const { response } = await invoke(target, {
        input: inputOf(scheduled),
        triggerMetadata: { instanceId: asString(instanceId) },
        about,
      });
      log("info", "activity", { ...about, durationMs: Math.round(clock.now() - beganMs) });
      return {
        ...completion(),
        EventType: EventType.TaskCompleted,
        Result: toJsonText(response.returnValue),
      };
    } catch (error) {
      const message = messageOf(error);
      log("warn", "activity-failed", {
        ...about,
        durationMs: Math.round(clock.now() - beganMs),
        error: message,
      });
      return {
        ...completion(),
        EventType: EventType.TaskFailed,
        Reason: `Activity function '${name}' failed: ${message}`,
        Details: JSON.stringify({ ClassName: "System.Exception", Message: message }),
      };
    } finally {
      leave();
      // The completion is delivered in the microtask after this; quiet must not be announced before.
      setImmediate(done);
    }
  };
}

/** Lets so many in at once; the others wait in the order in which they came. */
function turnstile(places: number) {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    enter: async () => {
      if (inside >= places) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside++;
    },
    leave: () => {
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    },
  };
}

/** History holds the arguments as a list of one; a string in it is JSON text already (the SDK encodes strings). */
function inputOf({ Input: argumentList = "[null]" }: HistoryEvent): RpcTypedData {
  const [input] = JSON.parse(argumentList) as [unknown];
  if (input === null) return {};
  return asString(typeof input === "string" ? input : JSON.stringify(input));
}
