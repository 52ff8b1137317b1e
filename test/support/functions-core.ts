/** A stand-in for the module that the Functions host gives an app: it hands out what the app registers. */
import Module, { createRequire } from "node:module";
import type * as DurableFunctions from "durable-functions";

export type Callback = (trigger: unknown, context: unknown) => Promise<OrchestratorState>;

export interface OrchestratorState {
  readonly isDone: boolean;
  readonly actions: readonly (readonly Action[])[];
  readonly output?: unknown;
  readonly error?: string;
  readonly customStatus?: unknown;
}

export interface Action {
  readonly actionType: number;
  readonly functionName?: string;
  readonly input?: unknown;
  readonly fireAt?: string;
  readonly isCanceled?: boolean;
  readonly externalEventName?: string;
  readonly compoundActions?: readonly Action[];
  readonly retryOptions?: {
    readonly firstRetryIntervalInMilliseconds: number;
    readonly maxNumberOfAttempts: number;
    readonly backoffCoefficient?: number;
    readonly maxRetryIntervalInMilliseconds?: number;
  };
}

export const callbacks = new Map<string, Callback>();
/** By a function's name: what it told the host of its trigger and bindings. */
export const bindings = new Map<string, Readonly<Record<string, object>>>();
installCore();

interface Registered {
  readonly name: string;
  readonly bindings: Readonly<Record<string, object>>;
}

/** The library asks for this module once, when the first function is registered. */
function installCore(): void {
  const core = {
    setProgrammingModel: () => undefined,
    registerHook: () => ({ dispose: () => undefined }),
    log: () => undefined,
    registerFunction: (metadata: Registered, callback: Callback) => {
      callbacks.set(metadata.name, callback);
      bindings.set(metadata.name, metadata.bindings);
      return { dispose: () => undefined };
    },
  };
  const modules = Module as unknown as { prototype: { require: (this: unknown, id: string) => unknown } };
  const original = modules.prototype.require;
  modules.prototype.require = function (id) {
    return id === "@azure/functions-core" ? core : original.apply(this, [id]);
  };
}

// Loaded after the hook is in place, and by require: the module that the orchestrators import is the same one.
export const df = createRequire(import.meta.url)("durable-functions") as typeof DurableFunctions;
