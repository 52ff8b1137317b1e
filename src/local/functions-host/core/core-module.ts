/**
 * `@azure/functions-core` as an in-process module. `@azure/functions` requires it once per process and keeps the
 * answer (`null` included), so this is one stable object that delegates to the app that is being loaded, and
 * `installCoreModule` must run before anything loads the library.
 */
import Module from "node:module";
import {
  type FunctionCallback,
  type FunctionMetadata,
  hookNames,
  type HookCallback,
  type HookName,
  type ProgrammingModel,
  type RpcLogLevel,
} from "./core-types.js";

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** What one app said while it was loaded. */
export interface Registration {
  readonly functions: Map<string, RegisteredFunction>;
  readonly hooks: Map<HookName, Set<HookCallback>>;
  locked: boolean;
  log(level: RpcLogLevel, category: string, message: string): void;
}

export function newRegistration(log: Registration["log"]): Registration {
  return {
    functions: new Map(),
    hooks: new Map(hookNames.map((name) => [name, new Set()])),
    locked: false,
    log,
  };
}

let current: Registration | undefined;
// The library announces its model once per process, at the first registration of the first app.
let model: ProgrammingModel | undefined;

/** Names the app that registrations belong to from now on. */
export function setCurrentRegistration(registration: Registration): void {
  current = registration;
}

export function programmingModel(): ProgrammingModel | undefined {
  return model;
}

class Disposable {
  readonly #dispose: () => void;
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }
  dispose(): void {
    this.#dispose();
  }
}

function systemError<E extends Error>(error: E): E {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}

function loading(): Registration {
  if (current === undefined || current.locked) {
    throw systemError(new Error("A function can only be registered during app startup."));
  }
  return current;
}

const coreModule = {
  version: "4.0.0",
  hostVersion: "4.1000.0",
  Disposable,
  setProgrammingModel: (next: ProgrammingModel) => {
    model = next;
  },
  getProgrammingModel: () => model,
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback) {
    const { functions } = loading();
    if (functions.has(metadata.name)) {
      throw systemError(new Error(`A function with name "${metadata.name}" has already been registered.`));
    }
    functions.set(metadata.name, { metadata: { ...metadata, functionId: metadata.name }, callback });
    return new Disposable(() => functions.delete(metadata.name));
  },
  registerHook(name: string, callback: HookCallback) {
    const callbacks = current?.hooks.get(name as HookName);
    if (callbacks === undefined) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
    callbacks.add(callback);
    return new Disposable(() => callbacks.delete(callback));
  },
  log(level: RpcLogLevel, category: string, message: string) {
    current?.log(level, category, message);
  },
};

let installed = false;

/** Answers `require("@azure/functions-core")` from now on; idempotent. */
export function installCoreModule(): void {
  if (installed) return;
  installed = true;
  const prototype = Module.prototype as { require: (this: Module, id: string) => unknown };
  const original = prototype.require;
  const patched = function (this: Module, id: string): unknown {
    return id === "@azure/functions-core" ? coreModule : original.call(this, id);
  };
  prototype.require = Object.assign(patched, original);
}
