/**
 * The durable extension's HTTP API. The public webhooks (`/runtime/webhooks/durabletask/…`) and the SDK's private
 * channel (`rpcBaseUrl`) are this one handler on two addresses, as in the real extension.
 */
import { type HttpAnswer, type HttpExchange, jsonAnswer } from "../http/exchange.js";
import { isIntegerLike } from "./actions.js";
import type { DurableEngine, MessageOutcome } from "./engine.js";
import type { InstanceRow, InstanceSummary, RuntimeStatus } from "./history.js";
import type { Instances } from "./instances.js";
import { type HubAddress, managementUrls } from "./links.js";
import { statusOf } from "./status-view.js";

export interface ManagementOptions {
  readonly engine: DurableEngine;
  readonly instances: Instances;
  readonly hubFor: (origin: string) => HubAddress;
}

/** `path` is what follows the API's base, without a leading slash. */
export type Management = (path: string, exchange: HttpExchange) => Promise<HttpAnswer>;

const DEFAULT_PAGE = 100;
const terminal: readonly RuntimeStatus[] = ["Completed", "Failed", "Terminated"];

export function createManagement({ engine, instances, hubFor }: ManagementOptions): Management {
  const flag = (query: URLSearchParams, name: string, otherwise: boolean) => {
    const value = query.get(name);
    return value === null ? otherwise : value.toLowerCase() === "true";
  };
  const viewOptions = ({ url: { searchParams } }: HttpExchange) => ({
    showInput: flag(searchParams, "showInput", true),
    showHistory: flag(searchParams, "showHistory", false),
    showHistoryOutput: flag(searchParams, "showHistoryOutput", false),
  });

  const start = async (name: string, id: string | undefined, exchange: HttpExchange): Promise<HttpAnswer> => {
    if (id !== undefined && !isInstanceId(id)) {
      return text(
        400,
        "Instance ids have at most 256 characters, none of / \\ # ? or a control character, and do not start with @.",
      );
    }
    const body = exchange.body.toString("utf8");
    if (body !== "" && !isJson(body)) return text(400, "The request body is not valid JSON.");
    const started = await engine.start(name, id, body === "" ? undefined : body);
    if (started === "unknown-function") {
      return text(
        400,
        `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`,
      );
    }
    if (started === "already-running") {
      return text(409, `An Orchestration instance with the id '${id ?? ""}' is running already.`);
    }
    const urls = managementUrls(hubFor(exchange.url.origin), started.id);
    delete urls.rewindPostUri; // The real answer to a start leaves it out.
    return jsonAnswer(202, urls, { location: urls.statusQueryGetUri ?? "", "retry-after": "10" });
  };

  const status = async (id: string, exchange: HttpExchange): Promise<HttpAnswer> => {
    const row = await instances.row(id);
    if (row === undefined) return { status: 404 };
    const view = statusOf(row, viewOptions(exchange));
    if (!terminal.includes(row.status)) {
      return jsonAnswer(202, view, { location: exchange.url.href, "retry-after": "5" });
    }
    const asError = flag(exchange.url.searchParams, "returnInternalServerErrorOnFailure", false);
    return jsonAnswer(row.status === "Failed" && asError ? 500 : 200, view);
  };

  const list = async (exchange: HttpExchange): Promise<HttpAnswer> => {
    const { searchParams } = exchange.url;
    const token = exchange.headers["x-ms-continuation-token"];
    const after = token === undefined ? "" : Buffer.from(token, "base64url").toString("utf8");
    const top = Number(searchParams.get("top") ?? DEFAULT_PAGE);
    if (!Number.isInteger(top) || top < 1)
      return text(400, "The query parameter 'top' must be a positive integer.");
    const found = matching(instances.summaries(), searchParams)
      .filter(({ id }) => id > after)
      // The real store keeps instances by id; a client that wants the newest first must sort.
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = found.slice(0, top);
    const rows = await Promise.all(page.map(({ id }) => instances.row(id)));
    const options = viewOptions(exchange);
    const views = rows
      .filter((row): row is InstanceRow => row !== undefined)
      .map((row) => statusOf(row, options));
    const last = page.at(-1);
    if (found.length <= top || last === undefined) return jsonAnswer(200, views);
    return jsonAnswer(200, views, { "x-ms-continuation-token": Buffer.from(last.id).toString("base64url") });
  };

  const purgeMany = async ({ url: { searchParams } }: HttpExchange): Promise<HttpAnswer> => {
    if (!searchParams.has("createdTimeFrom"))
      return text(400, "Please provide value for 'createdTimeFrom' parameter.");
    let instancesDeleted = 0;
    for (const { id } of matching(instances.summaries(), searchParams))
      if (await engine.purge(id)) instancesDeleted++;
    return instancesDeleted === 0 ? { status: 404 } : jsonAnswer(200, { instancesDeleted });
  };

  const raise = async (id: string, name: string, { headers, body }: HttpExchange): Promise<HttpAnswer> => {
    if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
      return text(400, "Only application/json request content is supported");
    }
    if (isIntegerLike(name))
      return text(400, `An event named "${name}" would complete task ${name}; give it a name of letters.`);
    const input = body.toString("utf8");
    if (!isJson(input)) return text(400, `The body of event '${name}' is not valid JSON.`);
    return messageAnswer(await engine.raiseEvent(id, name, input));
  };

  const control = async (id: string, action: string, { url }: HttpExchange): Promise<HttpAnswer> => {
    const reason = url.searchParams.get("reason") ?? "";
    switch (action.toLowerCase()) {
      case "terminate":
        return messageAnswer(await engine.terminate(id, reason));
      case "suspend":
        return messageAnswer(await engine.suspend(id, reason));
      case "resume":
        return messageAnswer(await engine.resume(id, reason));
      default:
        return text(501, `The local host does not support '${action}'.`);
    }
  };

  return async (path, exchange) => {
    const [collection = "", ...parts] = path.replace(/\/+$/, "").split("/").map(decodeURIComponent);
    const [first, second, third] = parts;
    const { method } = exchange;
    switch (collection.toLowerCase()) {
      case "orchestrators":
        if (method === "POST" && first !== undefined && parts.length <= 2)
          return start(first, second, exchange);
        break;
      case "instances":
        if (first === undefined && method === "GET") return list(exchange);
        if (first === undefined && method === "DELETE") return purgeMany(exchange);
        if (first !== undefined && second === undefined && method === "GET") return status(first, exchange);
        if (first !== undefined && second === undefined && method === "DELETE") {
          return (await engine.purge(first)) ? jsonAnswer(200, { instancesDeleted: 1 }) : { status: 404 };
        }
        if (first === undefined || second === undefined || method !== "POST") break;
        if (second.toLowerCase() === "raiseevent" && third !== undefined)
          return raise(first, third, exchange);
        if (third === undefined) return control(first, second, exchange);
        break;
      case "entities":
        return text(501, "The local host does not support durable entities.");
    }
    return { status: 404 };
  };
}

const text = (status: number, body: string): HttpAnswer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});

function messageAnswer(outcome: MessageOutcome | "conflict"): HttpAnswer {
  return { status: { accepted: 202, "not-found": 404, gone: 410, conflict: 500 }[outcome] };
}

function matching(summaries: readonly InstanceSummary[], query: URLSearchParams): InstanceSummary[] {
  const time = (name: string) => {
    const value = query.get(name);
    const ms = value === null ? NaN : Date.parse(value);
    return Number.isNaN(ms) ? undefined : ms;
  };
  const [fromMs = -Infinity, toMs = Infinity] = [time("createdTimeFrom"), time("createdTimeTo")];
  const statuses = (query.get("runtimeStatus") ?? "").toLowerCase().split(",").filter(Boolean);
  const prefix = query.get("instanceIdPrefix") ?? "";
  return summaries.filter(
    ({ id, status, createdMs }) =>
      createdMs >= fromMs &&
      createdMs <= toMs &&
      id.startsWith(prefix) &&
      (statuses.length === 0 || statuses.includes(status.toLowerCase())),
  );
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function isInstanceId(id: string): boolean {
  return (
    id.length > 0 && id.length <= 256 && !id.startsWith("@") && !/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(id)
  );
}
