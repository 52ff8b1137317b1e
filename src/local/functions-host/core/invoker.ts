/**
 * One invocation, in the order of the real worker: convert the arguments, pre-invocation hooks, the handler,
 * post-invocation hooks (which may replace result and error), convert the response.
 */
import { randomUUID } from "node:crypto";
import type { ClientCalls } from "../durable/client-calls.js";
import { type Log, messageOf } from "../log.js";
import type { LoadedApp } from "./app-loader.js";
import type { RegisteredFunction } from "./core-module.js";
import type {
  CoreInvocationContext,
  FunctionCallback,
  HookName,
  InvocationContext,
  RpcInvocationResponse,
  RpcLogLevel,
  RpcTypedData,
} from "./core-types.js";

export interface Invocation {
  readonly input: RpcTypedData;
  readonly triggerMetadata?: Record<string, RpcTypedData>;
  readonly retryContext?: { readonly retryCount: number; readonly maxRetryCount: number };
  /** Fields that every log line of this invocation carries. */
  readonly about?: Record<string, unknown>;
}

export interface InvocationOutcome {
  /** The handler's own result, before conversion: objects keep their identity. */
  readonly result: unknown;
  readonly context: InvocationContext;
  readonly response: RpcInvocationResponse;
  /** The instance that the handler started or asked after, as a field for a log line. */
  readonly instanceId: { readonly instanceId?: string };
}

/** Calls a function of the app; rejects with what the handler threw. */
export type Invoke = (target: RegisteredFunction, invocation: Invocation) => Promise<InvocationOutcome>;

const levels: Record<RpcLogLevel, "debug" | "info" | "warn" | "error" | undefined> = {
  trace: "debug",
  debug: "debug",
  information: "info",
  warning: "warn",
  error: "error",
  critical: "error",
  none: undefined,
};

export function triggerOf({ metadata }: RegisteredFunction) {
  const trigger = Object.values(metadata.bindings).find(({ type }) => /trigger$/i.test(type));
  if (trigger === undefined) throw new Error(`Function "${metadata.name}" has no trigger.`);
  return trigger;
}

export interface DurableClients {
  readonly payloadFor: (invocationId: string) => RpcTypedData;
  readonly calls: ClientCalls;
}

export function createInvoker(app: LoadedApp, log: Log, durableClients: DurableClients): Invoke {
  const hooks = (name: HookName) => [...(app.registration.hooks.get(name) ?? [])];
  const appHookData = {};

  return async (target, invocation) => {
    const { metadata } = target;
    const invocationId = randomUUID();
    const trigger = triggerOf(target);
    const clients = Object.values(metadata.bindings).filter(({ type }) => type === "durableClient");
    const core: CoreInvocationContext = {
      invocationId,
      metadata,
      state: undefined,
      request: {
        invocationId,
        functionId: metadata.functionId ?? metadata.name,
        inputData: [
          { name: trigger.name, data: invocation.input },
          ...clients.map(({ name }) => ({ name, data: durableClients.payloadFor(invocationId) })),
        ],
        triggerMetadata: invocation.triggerMetadata ?? {},
        traceContext: undefined,
        retryContext: invocation.retryContext,
      },
      log(level, category, message) {
        const mapped = levels[level];
        if (mapped === undefined) return;
        const about = { function: metadata.name, invocationId, ...invocation.about };
        log(mapped, category === "user" ? "app" : "library", { ...about, message });
      },
    };
    const invocationModel = await app.model.getInvocationModel(core);
    const { context, inputs } = await invocationModel.getArguments();
    const hookData = {};

    core.state = "preInvocationHooks";
    const pre = {
      hookData,
      appHookData,
      invocationContext: context,
      functionCallback: target.callback,
      inputs,
    };
    for (const hook of hooks("preInvocation")) await hook(pre);

    core.state = "invocation";
    durableClients.calls.begin(invocationId);
    let result: unknown;
    let error: unknown;
    try {
      const callback: FunctionCallback = pre.functionCallback;
      result = await invocationModel.invokeFunction(context, pre.inputs, callback);
    } catch (thrown) {
      error = thrown;
    }

    const instanceId = durableClients.calls.end(invocationId);
    core.state = "postInvocationHooks";
    const post = { hookData, appHookData, invocationContext: context, inputs: pre.inputs, result, error };
    for (const hook of hooks("postInvocation")) await hook(post);
    // As in the real worker, `throw undefined` counts as success.
    if (post.error !== undefined && post.error !== null) {
      throw post.error instanceof Error ? post.error : new Error(messageOf(post.error));
    }
    return {
      result: post.result,
      context,
      response: await invocationModel.getResponse(context, post.result),
      instanceId,
    };
  };
}
