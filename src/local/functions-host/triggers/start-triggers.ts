/** Starts everything that calls functions by itself, and stops it again. */
import type { Clock } from "../../clock.js";
import type { Invoke } from "../core/invoker.js";
import type { FunctionsByTrigger } from "../functions-by-trigger.js";
import type { JournalOptions } from "../durable/journal.js";
import type { Log } from "../log.js";
import type { HostJson, Settings } from "../settings.js";
import type { WorkTracker } from "../work-tracker.js";
import { startBlobTrigger } from "./blob.js";
import { openBlobReceipts } from "./blob-receipts.js";
import type { RunningTrigger } from "./running-trigger.js";
import { startServiceBusTrigger } from "./service-bus.js";
import { startTimers } from "./timer.js";

export interface TriggerOptions {
  readonly invoke: Invoke;
  readonly log: Log;
  readonly work: WorkTracker;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly stateDir: string;
  readonly journal: JournalOptions;
  readonly blobPollMs: number;
  readonly extensions: NonNullable<HostJson["extensions"]>;
}

export async function startTriggers(
  functions: FunctionsByTrigger,
  options: TriggerOptions,
): Promise<RunningTrigger> {
  const running: RunningTrigger[] = [];
  const stop = async (graceMs: number) => {
    await Promise.all(running.map((trigger) => trigger.stop(graceMs)));
    await receipts?.close();
  };
  const receipts =
    functions.blobs.length === 0 ? undefined : await openBlobReceipts(options.stateDir, options.journal);
  try {
    const { extensions, blobPollMs: pollMs } = options;
    for (const target of functions.blobs) {
      if (receipts === undefined) break;
      running.push(
        startBlobTrigger(target, { ...options, receipts, pollMs, config: extensions.blobs ?? {} }),
      );
    }
    for (const target of functions.serviceBus) {
      running.push(startServiceBusTrigger(target, { ...options, config: extensions.serviceBus ?? {} }));
    }
    running.push(startTimers(functions.timers, options));
    return { stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}
