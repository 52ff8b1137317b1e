/**
 * The way of a request: control and disk bytes aside, it is what ARM does, in ARM's order — api-version, subscription,
 * route, permission, lock, throttle, (scenario,) resource provider — then commit, record, answer. Each step may refuse.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ArmError, arm } from "../model/errors.js";
import type { Table } from "../model/store.js";
import type { World } from "../model/world.js";
import { foreign } from "../../foreign.js";
import { masked, shownBody } from "../../masking.js";
import { admit } from "./admission.js";
import { bodyOf, jsonOf, type RequestBody, shownJson } from "./bodies.js";
import { type Control, control, isControlPath } from "./control.js";
import { paged } from "./paging.js";
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
import type { Match } from "./route-table.js";
import { type Bend, bend, type KeptRule } from "./scenarios.js";
import { isSasPath, sasReply, sendSas } from "./sas-server.js";
import { consoleReply, isConsolePath } from "./serial-console.js";

/** What one exchange was, or its bodies, masked and cut. */
export type LogExchange = (exchange: Readonly<Record<string, unknown>>) => void;

export interface ListenerParts {
  readonly world: World;
  readonly limits: RateLimits;
  readonly control: Control;
  readonly record: Record_ | undefined;
  readonly logRequest: LogExchange | undefined;
  readonly logBodies: LogExchange | undefined;
  /** Whether first polls ask for their recorded Retry-After. */
  readonly pollRetryAfter: boolean;
}

export function listener(parts: ListenerParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { world } = parts;
    const startedMs = Date.now();
    const url = urlOf(request.url ?? "/", world.endpoint());
    const record = (
      { status, body: responseBody = null }: Reply,
      responseHeaders: Record<string, string>,
      requestBody: unknown,
    ) =>
      parts.record?.({
        method: request.method ?? "",
        url: url?.href ?? request.url ?? "",
        apiVersion: url?.searchParams.get("api-version") ?? null,
        requestHeaders: request.headers,
        requestBody,
        status,
        responseHeaders,
        responseBody,
      });
    if (url !== undefined && (isSasPath(url.pathname) || isConsolePath(url.pathname))) {
      const reply = isConsolePath(url.pathname) ? consoleReply(world, url) : sasReply(world, request, url);
      // The bytes of disks are no matter of a contract, and would fill the file.
      record({ status: reply.status, headers: {} }, reply.headers, null);
      await sendSas(reply, request.method === "HEAD", response);
      return;
    }
    const body = await bodyOf(request);
    const { reply, drop, silent, name } = url === undefined ? BAD_URL : handle(parts, request, url, body);
    world.journal.commit();
    if (silent === true) return;
    const correlation = request.headers["x-ms-correlation-request-id"];
    const { headers, text } = wireForm(reply, typeof correlation === "string" ? correlation : undefined);
    record(reply, headers, shownJson(body));
    const path = url?.pathname ?? "";
    const { method = "" } = request;
    const durationMs = Date.now() - startedMs;
    if (parts.logRequest === undefined)
      world.log(`${method} ${path} ${reply.status} ${name} ${durationMs} ms`);
    else parts.logRequest({ method, path, status: reply.status, operation: name, durationMs });
    parts.logBodies?.({
      method,
      path,
      status: reply.status,
      request: shownBody(body.text),
      response: text === "" ? undefined : shownBody(text),
    });
    if (drop === true) {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, headers);
    response.end(text);
  };
}

/** A request line can hold anything; undefined is what no URL can be read from. */
function urlOf(target: string, endpoint: string): URL | undefined {
  try {
    const url = new URL(endpoint + target);
    decodeURIComponent(url.pathname);
    return url;
  } catch {
    return undefined;
  }
}

interface Handled {
  readonly reply: Reply;
  readonly name: string;
  readonly drop?: true | undefined;
  readonly silent?: true | undefined;
}

const BAD_URL: Handled = { name: "refused", reply: errorReply(arm.invalidUrl()) };

function handle(parts: ListenerParts, request: IncomingMessage, url: URL, body: RequestBody): Handled {
  const { world } = parts;
  const method = request.method ?? "GET";
  let found: Match | undefined;
  let headers: Record<string, string> = {};
  try {
    const elsewhere = foreign(request.headers);
    if (elsewhere !== undefined) throw new ArmError(403, { code: "ForeignRequest", message: elsewhere });
    if (isControlPath(url.pathname))
      return { name: "local", reply: control(parts.control, method, url.pathname, shownJson(body)) };
    const status = operationReply(parts, method, url);
    if (status !== undefined) return { name: "operation status", reply: status };
    found = admit(world, method, url);
    headers = parts.limits.take(found);
    const bent: Bend = bend(world.tables.rules as Table<KeptRule>, found);
    if (bent.silent === true)
      return { name: found.route.name, reply: { status: 0, headers: {} }, silent: true };
    if (bent.refuse !== undefined) throw bent.refuse;
    const outcome = found.route.handle({
      world,
      id: found.id,
      params: found.params,
      query: url.searchParams,
      body: jsonOf(body),
      twist: bent.twist,
    });
    const reply = replyTo(paged(outcome, url), {
      endpoint: world.endpoint(),
      subscriptionId: found.params["subscriptionId"] ?? world.subscriptionId(),
      apiVersion: url.searchParams.get("api-version") ?? "",
    });
    logWrite(world, found, body, reply.status);
    return {
      name: found.route.name,
      reply: { ...reply, headers: { ...headers, ...reply.headers } },
      drop: bent.drop,
    };
  } catch (thrown) {
    if (!(thrown instanceof ArmError))
      world.log(
        `broke on ${method} ${url.pathname}: ${String(thrown instanceof Error ? thrown.stack : thrown)}`,
      );
    const error =
      thrown instanceof ArmError
        ? thrown
        : new ArmError(500, { code: "InternalServerError", message: String(thrown) });
    if (found !== undefined) logWrite(world, found, body, error.status);
    const reply = errorReply(error);
    return {
      name: found?.route.name ?? "refused",
      reply: { ...reply, headers: { ...headers, ...reply.headers } },
    };
  }
}

const STATUS =
  /^\/subscriptions\/[^/]+\/providers\/Microsoft\.(?:Compute|Network)\/locations\/[^/]+\/(operations|DiskOperations|capsOperations|operationResults)\/([^/]+)$/i;
const RESULT = /^\/subscriptions\/[^/]+\/operationresults\/([^/]+)$/i;

function operationReply(
  { world, pollRetryAfter }: ListenerParts,
  method: string,
  url: URL,
): Reply | undefined {
  const result = RESULT.exec(url.pathname)?.[1];
  const [, word, statusId] = STATUS.exec(url.pathname) ?? [];
  const id = result === undefined ? statusId : Buffer.from(result, "base64url").toString();
  if (method !== "GET" || id === undefined) return undefined;
  const operation = world.operations.get(id);
  if (operation === undefined) return errorReply(arm.entityNotFound());
  if (result !== undefined) return groupDeletionReply(operation, url.href);
  // Compute marks its monitor by a parameter, Network by another path.
  if (url.searchParams.get("monitor") === "true" || word?.toLowerCase() === "operationresults")
    return monitorReply(operation, url.href);
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

/** Of the write log; days of use must not fill the memory. */
const WRITES_KEPT = 10_000;

function logWrite(world: World, { route, id }: Match, body: RequestBody, status: number): void {
  if (route.method === "GET" || route.method === "HEAD") return;
  const { writes } = world.tables;
  const oldest = writes.entries().next().value?.[0] ?? "1";
  const seq = Number(oldest) + writes.size;
  if (writes.size >= WRITES_KEPT) writes.delete(oldest);
  const entry: WriteEntry = {
    seq,
    time: new Date(world.clock.now()).toISOString(),
    method: route.method,
    operation: route.name,
    resource: id,
    status,
    body: masked(shownJson(body)),
  };
  writes.set(String(seq), entry);
}

/** What goes over the wire. 204 carries no length; everything else says it, even when it is zero. */
function wireForm({ status, headers, body }: Reply, correlationId: string | undefined) {
  const text = body === undefined ? "" : JSON.stringify(body);
  return {
    text,
    headers: {
      ...commonHeaders(correlationId),
      ...headers,
      ...(text === "" ? {} : { "Content-Type": "application/json; charset=utf-8" }),
      ...(status === 204 ? {} : { "Content-Length": String(Buffer.byteLength(text)) }),
    },
  };
}
