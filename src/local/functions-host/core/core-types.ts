/**
 * The part of `@azure/functions-core` that `@azure/functions` 4.16 touches. The package itself has no code: the
 * real worker injects the module, and so does this host (core-module.ts).
 */
export interface RpcTypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: RpcHttpData;
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly modelBindingData?: {
    readonly version: string;
    readonly source: string;
    readonly contentType: string;
    readonly content: Uint8Array;
  };
}

interface Nullable {
  readonly value: string;
}

export interface RpcHttpCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: Nullable;
  readonly path?: Nullable;
  readonly expires?: { readonly value?: unknown };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  readonly sameSite?: string;
  readonly maxAge?: { readonly value: number };
}

export interface RpcHttpData {
  readonly method?: string;
  readonly url?: string;
  readonly nullableHeaders?: Record<string, Nullable>;
  readonly nullableQuery?: Record<string, Nullable>;
  readonly nullableParams?: Record<string, Nullable>;
  readonly body?: RpcTypedData;
  readonly statusCode?: string;
  readonly headers?: Record<string, string>;
  readonly cookies?: readonly RpcHttpCookie[];
}

export interface RpcBinding {
  readonly type: string;
  readonly name: string;
  readonly direction: "in" | "out" | "inout";
  readonly properties?: Readonly<Record<string, string>>;
  readonly [option: string]: unknown;
}

export interface RpcDuration {
  readonly seconds?: number;
  readonly nanos?: number;
}

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, RpcBinding>>;
  readonly retryOptions?: {
    readonly maxRetryCount?: number;
    readonly retryStrategy?: "fixedDelay" | "exponentialBackoff";
    readonly delayInterval?: RpcDuration;
    readonly minimumInterval?: RpcDuration;
    readonly maximumInterval?: RpcDuration;
  };
}

export type FunctionCallback = (...args: unknown[]) => unknown;
export type RpcLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  readonly request: {
    readonly invocationId: string;
    readonly functionId: string;
    readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
    readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
    readonly traceContext: object | undefined;
    readonly retryContext: { readonly retryCount: number; readonly maxRetryCount: number } | undefined;
  };
  log(level: RpcLogLevel, category: string, message: string): void;
}

/** What the library calls InvocationContext; the host only carries it about. */
export type InvocationContext = Readonly<Record<string, unknown>>;

export interface RpcInvocationResponse {
  readonly outputData?: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly returnValue?: RpcTypedData | null;
}

export interface InvocationModel {
  getArguments(): Promise<{ readonly context: InvocationContext; readonly inputs: unknown[] }>;
  invokeFunction(context: InvocationContext, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: InvocationContext, result: unknown): Promise<RpcInvocationResponse>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export const hookNames = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
export type HookName = (typeof hookNames)[number];
export type HookCallback = (context: Record<string, unknown>) => unknown;
