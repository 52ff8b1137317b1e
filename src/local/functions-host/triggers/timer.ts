/** Timer triggers on the host's clock. When each was last due is kept, so that one missed while down runs at start. */
import { join } from "node:path";
import type { Clock } from "../../clock.js";
import { readIfPresent, replaceFile } from "../../state-file.js";
import type { RegisteredFunction } from "../core/core-module.js";
import { type Invoke, triggerOf } from "../core/invoker.js";
import { asJson } from "../core/typed-data.js";
import { type Log, messageOf } from "../log.js";
import type { Settings } from "../settings.js";
import type { WorkTracker } from "../work-tracker.js";
import { parseSchedule } from "./schedule.js";
import type { RunningTrigger } from "./running-trigger.js";

interface TimerState {
  readonly lastMs?: number;
  readonly nextMs: number;
}

export function startTimers(
  targets: readonly RegisteredFunction[],
  {
    clock,
    invoke,
    log,
    work,
    settings,
    stateDir,
  }: {
    clock: Clock;
    invoke: Invoke;
    log: Log;
    work: WorkTracker;
    settings: Settings;
    stateDir: string;
  },
): RunningTrigger {
  const path = join(stateDir, "timers.json");
  const states = JSON.parse(readIfPresent(path).toString() || "{}") as Record<string, TimerState>;
  const save = () => replaceFile(path, JSON.stringify(states));
  const cancels = new Map<string, () => void>();

  for (const target of targets) {
    const { name } = target.metadata;
    const where = `Timer "${name}"`;
    const { schedule: text, runOnStartup } = triggerOf(target);
    const schedule = parseSchedule(settings.resolve(String(text), where), where);
    const run = async (isPastDue: boolean, dueMs: number) => {
      const done = work.begin();
      const nextMs = schedule(Math.max(dueMs, clock.now()));
      const before = states[name]?.lastMs;
      states[name] = { lastMs: clock.now(), nextMs };
      const status = {
        Last: new Date(before ?? 0).toISOString(),
        LastUpdated: new Date(before ?? clock.now()).toISOString(),
        Next: new Date(nextMs).toISOString(),
      };
      try {
        save();
        await invoke(target, {
          input: asJson({ Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: isPastDue }),
        });
        log("info", "timer", { function: name, isPastDue });
      } catch (error) {
        log("error", "function-failed", {
          function: name,
          error: messageOf(error),
          stack: (error as Error).stack,
        });
      } finally {
        // Only now, so that runs of one timer never overlap, as with the real one.
        arm(schedule(clock.now()));
        done();
      }
    };
    const arm = (dueMs: number) => {
      states[name] = { ...states[name], nextMs: dueMs };
      cancels.set(
        name,
        clock.after(dueMs - clock.now(), () => void run(false, dueMs)),
      );
    };
    const missed = (states[name]?.nextMs ?? Infinity) < clock.now();
    if (missed || runOnStartup === true) void run(missed, clock.now());
    else arm(schedule(clock.now()));
  }
  if (targets.length > 0) save();
  return {
    stop() {
      for (const cancel of cancels.values()) cancel();
      return Promise.resolve();
    },
  };
}
