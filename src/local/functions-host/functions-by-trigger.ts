/** An app's functions by what calls them; what this host cannot serve is refused by name before anything runs. */
import type { RegisteredFunction } from "./core/core-module.js";
import { triggerOf } from "./core/invoker.js";

export interface FunctionsByTrigger {
  readonly http: readonly RegisteredFunction[];
  readonly timers: readonly RegisteredFunction[];
  readonly blobs: readonly RegisteredFunction[];
  readonly serviceBus: readonly RegisteredFunction[];
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>;
  readonly activities: ReadonlyMap<string, RegisteredFunction>;
}

const kinds = {
  httpTrigger: "http",
  timerTrigger: "timers",
  blobTrigger: "blobs",
  serviceBusTrigger: "serviceBus",
  orchestrationTrigger: "orchestrators",
  activityTrigger: "activities",
} as const;
/** docs/local/functions-host.md lists these and what is refused. */
export const acceptedBindings: ReadonlySet<string> = new Set([
  ...Object.keys(kinds),
  "durableClient",
  "http",
]);

export function sortByTrigger(functions: Iterable<RegisteredFunction>): FunctionsByTrigger {
  const sorted = {
    http: [] as RegisteredFunction[],
    timers: [] as RegisteredFunction[],
    blobs: [] as RegisteredFunction[],
    serviceBus: [] as RegisteredFunction[],
    orchestrators: new Map<string, RegisteredFunction>(),
    activities: new Map<string, RegisteredFunction>(),
  };
  for (const target of functions) {
    const { name, bindings, retryOptions } = target.metadata;
    const trigger = triggerOf(target);
    const refuse = (what: string) =>
      new Error(`Function "${name}" uses ${what}, which the local host does not provide.`);
    for (const { type } of Object.values(bindings)) {
      if (!acceptedBindings.has(type)) throw refuse(`the binding "${type}"`);
    }
    if (retryOptions !== undefined) throw refuse("a retry policy of the host");
    const bucket = sorted[kinds[trigger.type as keyof typeof kinds]];
    if (Array.isArray(bucket)) bucket.push(target);
    else bucket.set(name, target);
  }
  return sorted;
}
