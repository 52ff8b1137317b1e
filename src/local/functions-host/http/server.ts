/** The HTTP front: the app's routes, the durable webhooks, and the private address of the durable client. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RegisteredFunction } from "../core/core-module.js";
import { type Invoke, triggerOf } from "../core/invoker.js";
import { webhookPath } from "../durable/links.js";
import type { ClientCalls } from "../durable/client-calls.js";
import type { Management } from "../durable/management.js";
import { foreign } from "../../foreign.js";
import { shownBody } from "../../masking.js";
import { type Log, messageOf } from "../log.js";
import type { Settings } from "../settings.js";
import type { WorkTracker } from "../work-tracker.js";
import { toAnswer, toTriggerData } from "./convert.js";
import { type HttpAnswer, type HttpExchange, readRequest, RequestRefused, writeAnswer } from "./exchange.js";
import { isAuthorized, type KeyLevel, type Keys } from "./keys.js";
import { parseRoute, type Route } from "./route-template.js";

export interface HttpFunction {
  readonly target: RegisteredFunction;
  readonly route: Route;
  readonly methods: readonly string[];
  readonly level: KeyLevel;
}

export function httpFunctions(
  functions: Iterable<RegisteredFunction>,
  settings: Settings,
  prefix: string,
): HttpFunction[] {
  const found: HttpFunction[] = [];
  for (const target of functions) {
    const { type, route, methods, authLevel } = triggerOf(target);
    if (type !== "httpTrigger") continue;
    const { name } = target.metadata;
    const own = settings
      .resolve(typeof route === "string" ? route : name, `Function "${name}"`)
      .replace(/^\//, "");
    found.push({
      target,
      route: parseRoute(prefix === "" ? own : `${prefix}/${own}`),
      methods: (methods as string[]).map((method) => method.toUpperCase()),
      level: authLevel as KeyLevel,
    });
  }
  const rank = ({ route: { precedence } }: HttpFunction) => precedence;
  return found.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

const CHUNKED = "The real host hands a chunked body on as an empty one; send it with a Content-Length.";

export type Handler = (exchange: HttpExchange) => Promise<HttpAnswer>;

export function publicHandler(
  functions: readonly HttpFunction[],
  invoke: Invoke,
  management: Management,
  keys: Keys | undefined,
  log: Log,
): Handler {
  return async (exchange) => {
    const { method, url } = exchange;
    const allowed = (level: KeyLevel) => keys === undefined || isAuthorized(keys, level, exchange);
    if (url.pathname.toLowerCase().startsWith(`${webhookPath}/`)) {
      if (!allowed("system")) return { status: 401 };
      return management(url.pathname.slice(webhookPath.length + 1), exchange);
    }
    for (const { target, route, methods, level } of functions) {
      const params = route.match(url.pathname);
      if (params === undefined || !methods.includes(method)) continue;
      if (!allowed(level)) return { status: 401 };
      const about = { function: target.metadata.name };
      if (exchange.headers["transfer-encoding"] !== undefined)
        log("warn", "chunked-body", { ...about, why: CHUNKED });
      try {
        const { response, instanceId } = await invoke(target, { input: toTriggerData(exchange, params) });
        return { ...toAnswer(response.returnValue), about: { ...about, ...instanceId } };
      } catch (error) {
        log("error", "function-failed", { ...about, error: messageOf(error), stack: (error as Error).stack });
        return { status: 500, about };
      }
    }
    return { status: 404 };
  };
}

/** `base`, the id of the invocation that asks, and the path of the management API. */
export function privateHandler(management: Management, base: string, calls: ClientCalls): Handler {
  return async ({ url, ...rest }) => {
    if (!url.pathname.startsWith(base)) return { status: 404 };
    const [invocationId = "", ...path] = url.pathname.slice(base.length).split("/");
    const answer = await management(path.join("/"), { url, ...rest });
    calls.note(invocationId, answer.about?.instanceId);
    return answer;
  };
}

export interface Listening {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export async function listen(
  port: number,
  handler: () => Handler,
  {
    log,
    work,
    requestLevel,
    verbose,
    nowMs,
  }: {
    log: Log;
    work: WorkTracker;
    requestLevel: "info" | "debug";
    verbose: boolean;
    nowMs: () => number;
  },
): Promise<Listening> {
  // Kept from the start: a server that closes has no address, but still reads the requests of open connections.
  let own = 0;
  const server: Server = createServer((request, response) => {
    const done = work.begin();
    const beganMs = nowMs();
    const answer = async () => {
      const path = (request.url ?? "/").split("?", 1)[0];
      try {
        const elsewhere = foreign(request.headers);
        if (elsewhere !== undefined) throw new RequestRefused(403, elsewhere);
        const exchange = await readRequest(request, `http://127.0.0.1:${own}`);
        const { about, ...answered } = await handler()(exchange);
        writeAnswer(response, answered);
        const durationMs = Math.round(nowMs() - beganMs);
        log(requestLevel, "request", {
          method: request.method,
          path,
          status: answered.status,
          durationMs,
          ...about,
        });
        if (verbose) {
          log("debug", "bodies", {
            method: request.method,
            path,
            request: shownBody(exchange.body),
            response: shownBody(answered.body),
          });
        }
      } catch (error) {
        const refused =
          error instanceof RequestRefused ? error.status : error instanceof URIError ? 400 : undefined;
        const failure = { method: request.method, path, status: refused ?? 500, error: messageOf(error) };
        log(refused === undefined ? "error" : "warn", "request-failed", failure);
        // The rest of a body that nobody reads must not be taken for the next request.
        if (!response.headersSent)
          writeAnswer(response, { status: refused ?? 500, headers: { connection: "close" } });
      }
    };
    void answer().finally(done);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "EADDRINUSE"
          ? new Error(`Port ${port} is taken by another process; choose another with --port.`, { cause })
          : cause,
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  ({ port: own } = server.address() as AddressInfo);
  return {
    port: own,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}
