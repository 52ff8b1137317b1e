/**
 * The way of a request: control and disk bytes aside, it is what ARM does, in ARM's order — api-version, subscription,
 * route, permission, lock, throttle, (scenario,) resource provider — then commit, record, answer. Each step may refuse.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { checkLocks } from "../model/resource-groups.js";
import { ArmError, arm } from "../model/errors.js";
import type { World } from "../model/world.js";
import { masked, maskText, shownBody } from "../../masking.js";
import { type Control, control, isControlPath } from "./control.js";
import type { RateLimits } from "./rate-limits.js";
import type { Record_ } from "./recorder.js";
import {
  commonHeaders,
  errorReply,
  groupDeletionReply,
  monitorReply,
  pollReply,
  type Reply,
  replyTo,
} from "./replies.js";
import { type Match, matcher } from "./route-table.js";
import { ROUTES } from "./routes.js";
import { type Bend, bend, type KeptRule } from "./scenarios.js";
import { isSasPath, serveSas } from "./sas-server.js";
import type { Table } from "../model/store.js";

/** ARM takes request bodies up to 4 MB. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** The bodies of one exchange, masked and cut. */
export type LogBodies = (exchange: Readonly<Record<string, unknown>>) => void;

export interface ListenerParts {
  readonly world: World;
  readonly limits: RateLimits;
  readonly control: Control;
  readonly record: Record_ | undefined;
  readonly logBodies: LogBodies | undefined;
  /** Whether first polls ask for their recorded Retry-After. */
  readonly pollRetryAfter: boolean;
}

const match = matcher(ROUTES);

export function listener(parts: ListenerParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { world } = parts;
    const url = new URL(request.url ?? "/", world.endpoint());
    if (isSasPath(url.pathname)) return serveSas(world, request, url, response);
    const startedMs = Date.now();
    const text = await bodyOf(request);
    const { reply, drop, silent, name } = handle(parts, request, url, text);
    world.journal.commit();
    if (silent === true) return;
    const correlation = request.headers["x-ms-correlation-request-id"];
    const headers = {
      ...commonHeaders(typeof correlation === "string" ? correlation : undefined),
      ...reply.headers,
    };
    parts.record?.({
      method: request.method ?? "",
      url: url.href,
      requestHeaders: request.headers,
      requestBody: parsed(text),
      status: reply.status,
      responseHeaders: headers,
      responseBody: reply.body ?? null,
    });
    world.log(`${request.method ?? ""} ${url.pathname} ${reply.status} ${name} ${Date.now() - startedMs} ms`);
    parts.logBodies?.({
      method: request.method,
      path: url.pathname,
      status: reply.status,
      request: shownBody(text),
      response: reply.body === undefined ? undefined : shownBody(JSON.stringify(reply.body)),
    });
    if (drop === true) {
      request.socket.destroy();
      return;
    }
    send(response, reply, headers);
  };
}

interface Handled {
  readonly reply: Reply;
  readonly name: string;
  readonly drop?: true | undefined;
  readonly silent?: true | undefined;
}

function handle(parts: ListenerParts, request: IncomingMessage, url: URL, text: string): Handled {
  const method = request.method ?? "GET";
  if (isControlPath(url.pathname)) {
    return { name: "local", reply: control(parts.control, method, url.pathname, parsed(text)) };
  }
  const status = operationReply(parts, method, url);
  if (status !== undefined) return { name: "operation status", reply: status };
  let bent: Bend = {};
  let found: Match | undefined;
  try {
    found = admit(parts.world, method, url);
    const headers = parts.limits.take(found);
    bent = bend(parts.world.tables.rules as Table<KeptRule>, found);
    if (bent.silent === true)
      return { name: found.route.name, reply: { status: 0, headers: {} }, silent: true };
    if (bent.refuse !== undefined) throw bent.refuse;
    const outcome = found.route.handle({
      world: parts.world,
      id: found.id,
      params: found.params,
      query: url.searchParams,
      body: jsonOf(text),
      twist: bent.twist,
    });
    const addresses = {
      endpoint: parts.world.endpoint(),
      subscriptionId: found.params["subscriptionId"] ?? parts.world.subscriptionId(),
      apiVersion: url.searchParams.get("api-version") ?? "",
    };
    const reply = replyTo(outcome, addresses);
    logWrite(parts.world, found, text, reply.status);
    return {
      name: found.route.name,
      reply: { ...reply, headers: { ...headers, ...reply.headers } },
      drop: bent.drop,
    };
  } catch (thrown) {
    if (!(thrown instanceof ArmError))
      parts.world.log(
        `broke on ${method} ${url.pathname}: ${String(thrown instanceof Error ? thrown.stack : thrown)}`,
      );
    const error =
      thrown instanceof ArmError
        ? thrown
        : new ArmError(500, { code: "InternalServerError", message: String(thrown) });
    if (found !== undefined) logWrite(parts.world, found, text, error.status);
    return { name: found?.route.name ?? "refused", reply: errorReply(error) };
  }
}

/** What ARM checks before any resource provider sees the request. */
function admit(world: World, method: string, url: URL): Match {
  if (!url.searchParams.has("api-version")) throw arm.missingApiVersion();
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(url.pathname)?.[1];
  if (subscription !== undefined && subscription.toLowerCase() !== world.subscriptionId().toLowerCase()) {
    throw arm.subscriptionNotFound(subscription);
  }
  const found = match(method, url.pathname);
  if (found === undefined) throw notSimulated(method, url.pathname);
  if (isDenied(world, found)) throw arm.authorizationFailed(found.action, found.id);
  const locking = !found.route.name.startsWith("locks/") && method !== "GET" && method !== "HEAD";
  if (locking) checkLocks(world, found.id, method === "DELETE" ? "delete" : "write");
  return found;
}

function isDenied(world: World, { action, id }: Match): boolean {
  const denied = (world.tables.settings.get("denied") ?? []) as readonly { action: string; scope?: string }[];
  return denied.some(({ action: pattern, scope = "" }) => {
    const source = pattern
      .split("*")
      .map((part) => part.replaceAll(".", "\\."))
      .join(".*");
    return new RegExp(`^${source}$`, "i").test(action) && id.toLowerCase().startsWith(scope.toLowerCase());
  });
}

/** The best line one reads today: what was asked, what is near it, where the whole list stands. */
function notSimulated(method: string, path: string): ArmError {
  const shape = path
    .replace(/^.*?\/providers\/[^/]+\//i, "")
    .split("/")
    .filter((_, index, all) => index % 2 === 0 || index === all.length - 1);
  const word = shape[0]?.toLowerCase() ?? "";
  const near = ROUTES.filter(({ name }) => name.toLowerCase().startsWith(`${word}/`)).map(({ name }) => name);
  const hint =
    near.length === 0
      ? "Nothing near it is simulated either"
      : `Of ${shape[0] ?? ""} it knows ${near.join(", ")}`;
  return new ArmError(501, {
    code: "NotSimulated",
    message: `The local Compute simulator does not know ${method} ${path}. ${hint}; docs/local/compute.md lists every operation and how true it is.`,
  });
}

const STATUS =
  /^\/subscriptions\/[^/]+\/providers\/Microsoft\.Compute\/locations\/[^/]+\/(operations|DiskOperations|capsOperations)\/([^/]+)$/i;
const RESULT = /^\/subscriptions\/[^/]+\/operationresults\/([^/]+)$/i;

function operationReply(
  { world, pollRetryAfter }: ListenerParts,
  method: string,
  url: URL,
): Reply | undefined {
  const result = RESULT.exec(url.pathname)?.[1];
  const id =
    result === undefined ? STATUS.exec(url.pathname)?.[2] : Buffer.from(result, "base64url").toString();
  if (method !== "GET" || id === undefined) return undefined;
  const operation = world.operations.get(id);
  if (operation === undefined) return errorReply(arm.entityNotFound());
  if (result !== undefined) return groupDeletionReply(operation, url.href);
  if (url.searchParams.get("monitor") === "true") return monitorReply(operation, url.href);
  const seconds = world.operations.takeFirstPollSeconds(operation);
  return pollReply(operation, pollRetryAfter ? seconds : undefined);
}

export interface WriteEntry {
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly operation: string;
  readonly resource: string;
  readonly status: number;
  readonly body: unknown;
}

function logWrite(world: World, { route, id }: Match, text: string, status: number): void {
  if (route.method === "GET" || route.method === "HEAD") return;
  const seq = world.tables.writes.size + 1;
  const entry: WriteEntry = {
    seq,
    time: new Date(world.clock.now()).toISOString(),
    method: route.method,
    operation: route.name,
    resource: id,
    status,
    body: masked(parsed(text)),
  };
  world.tables.writes.set(String(seq), entry);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonOf(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw arm.invalidContent(String(thrown));
  }
}

/** For logs and the control API, where a broken body is only shown. */
function parsed(text: string): unknown {
  try {
    return text.trim() === "" ? null : (JSON.parse(text) as unknown);
  } catch {
    return maskText(text);
  }
}

function send(response: ServerResponse, { status, body }: Reply, headers: Record<string, string>): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    ...(text === "" ? {} : { "Content-Type": "application/json; charset=utf-8" }),
    // 204 carries no length; everything else says it, even when it is zero.
    ...(status === 204 ? {} : { "Content-Length": String(Buffer.byteLength(text)) }),
  });
  response.end(text);
}
