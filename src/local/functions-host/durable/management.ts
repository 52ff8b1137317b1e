/**
 * The durable extension's HTTP API. The public webhooks (`/runtime/webhooks/durabletask/…`) and the SDK's private
 * channel (`rpcBaseUrl`) are this one handler on two addresses, as in the real extension.
 */
import type { Clock } from "../../clock.js";
import { type HttpAnswer, type HttpExchange, jsonAnswer } from "../http/exchange.js";
import { isIntegerLike } from "./actions.js";
import type { DurableEngine, StartOutcome } from "./engine.js";
import type { InstanceRow, InstanceSummary } from "./history.js";
import type { Instances } from "./instances.js";
import { type HubAddress, managementUrls } from "./links.js";
import { statusOf } from "./status-view.js";

export interface ManagementOptions {
  readonly engine: DurableEngine;
  readonly instances: Instances;
  readonly clock: Clock;
  readonly hubFor: (origin: string) => HubAddress;
}

/** `path` is what follows the API's base, without a leading slash. */
export type Management = (path: string, exchange: HttpExchange) => Promise<HttpAnswer>;

const DEFAULT_PAGE = 100;

export function createManagement({ engine, instances, clock, hubFor }: ManagementOptions): Management {
  const start = async (name: string, id: string | undefined, exchange: HttpExchange): Promise<HttpAnswer> => {
    if (id !== undefined && !isInstanceId(id)) {
      return refusal(
        400,
        "Instance ids have at most 256 characters, none of / \\ # ? or a control character, and do not start with @.",
      );
    }
    const body = exchange.body.toString("utf8");
    if (body !== "" && !isJson(body)) return refusal(400, "Invalid JSON content");
    return answerStart(await engine.start(name, id, body === "" ? undefined : body), name, id, exchange);
  };

  const restart = async (row: InstanceRow, exchange: HttpExchange): Promise<HttpAnswer> => {
    const sameId = !flag(exchange.url.searchParams, "restartWithNewInstanceId", true);
    const id = sameId ? row.id : undefined;
    return answerStart(await engine.start(row.name, id, row.input), row.name, id, exchange);
  };

  const answerStart = async (
    started: StartOutcome,
    name: string,
    id: string | undefined,
    exchange: HttpExchange,
  ): Promise<HttpAnswer> => {
    if (started === "unknown-function") {
      const what = `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`;
      return refusal(400, "One or more of the arguments submitted is incorrect", what);
    }
    if (started === "already-running") {
      return refusal(409, `An Orchestration instance with the id '${id ?? ""}' is running already.`);
    }
    const ended = await endOf(started.id, exchange);
    if (typeof ended === "object") return ended;
    const urls = managementUrls(hubFor(exchange.url.origin), started.id);
    delete urls.rewindPostUri; // The real answer to a start leaves it out.
    return jsonAnswer(202, urls, { location: urls.statusQueryGetUri ?? "", "retry-after": "10" });
  };

  /** With `timeout` and `pollingInterval`, in seconds, a start waits for the end: the answer is then its output. */
  const endOf = async (id: string, { url }: HttpExchange): Promise<HttpAnswer | undefined> => {
    const [timeout, interval] = ["timeout", "pollingInterval"].map((name) => seconds(url.searchParams, name));
    if (timeout === undefined || interval === undefined) return undefined;
    if (interval > timeout)
      return refusal(400, `Total timeout ${timeout} should be bigger than retry timeout ${interval}`);
    const untilMs = clock.now() + timeout * 1000;
    while (instances.live.has(id) && clock.now() < untilMs) {
      const waitMs = Math.min(interval * 1000, untilMs - clock.now());
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    }
    const row = await instances.row(id);
    if (row === undefined || instances.live.has(id)) return undefined;
    const view = statusOf(row, { showInput: true, showHistory: false, showHistoryOutput: false });
    return jsonAnswer(200, row.status === "Completed" ? view.output : view);
  };

  const status = async (id: string, exchange: HttpExchange): Promise<HttpAnswer> => {
    const row = await instances.row(id);
    if (row === undefined) return { status: 404 };
    const { searchParams } = exchange.url;
    const view = statusOf(row, {
      showInput: flag(searchParams, "showInput", true),
      showHistory: flag(searchParams, "showHistory", false),
      showHistoryOutput: flag(searchParams, "showHistoryOutput", false),
    });
    if (!isTerminal(row)) return jsonAnswer(202, view, { location: exchange.url.href, "retry-after": "5" });
    const asError = flag(searchParams, "returnInternalServerErrorOnFailure", false);
    return jsonAnswer(row.status === "Failed" && asError ? 500 : 200, view);
  };

  const list = async ({ url: { searchParams }, headers }: HttpExchange): Promise<HttpAnswer> => {
    const token = headers["x-ms-continuation-token"];
    const after = token === undefined ? "" : Buffer.from(token, "base64url").toString("utf8");
    const asked = Number(searchParams.get("top"));
    const top = Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_PAGE;
    const found = matching(instances.summaries(), searchParams)
      .filter(({ id }) => id > after)
      // The real store keeps instances by id; a client that wants the newest first must sort.
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = found.slice(0, top);
    const rows = await Promise.all(page.map(({ id }) => instances.row(id)));
    const options = {
      showInput: flag(searchParams, "showInput", true),
      showHistory: false,
      showHistoryOutput: false,
    };
    const views = rows.flatMap((row) => (row === undefined ? [] : [statusOf(row, options)]));
    const last = page.at(-1);
    if (found.length <= top || last === undefined) return jsonAnswer(200, views);
    return jsonAnswer(200, views, { "x-ms-continuation-token": Buffer.from(last.id).toString("base64url") });
  };

  const purgeOne = async (id: string): Promise<HttpAnswer> => {
    if ((await instances.row(id)) === undefined) return { status: 404 };
    return jsonAnswer(200, { instancesDeleted: (await engine.purge(id)) ? 1 : 0 });
  };

  const purgeMany = async ({ url: { searchParams } }: HttpExchange): Promise<HttpAnswer> => {
    if (time(searchParams, "createdTimeFrom") === undefined)
      return jsonAnswer(400, "Please provide value for 'createdTimeFrom' parameter.");
    let instancesDeleted = 0;
    for (const { id } of matching(instances.summaries(), searchParams))
      if (await engine.purge(id)) instancesDeleted++;
    return instancesDeleted === 0 ? { status: 404 } : jsonAnswer(200, { instancesDeleted });
  };

  const raise = async (row: InstanceRow, name: string, exchange: HttpExchange): Promise<HttpAnswer> => {
    if (isTerminal(row)) return { status: 410 };
    if (!/^application\/json\b/i.test(exchange.headers["content-type"] ?? "")) {
      return refusal(400, "Only application/json request content is supported");
    }
    if (isIntegerLike(name))
      return refusal(400, `An event named "${name}" would complete task ${name}; give it a name of letters.`);
    const input = exchange.body.toString("utf8");
    if (!isJson(input)) return refusal(400, "Invalid JSON content");
    return { status: messageStatus[await engine.raiseEvent(row.id, name, input)] };
  };

  const control = async (row: InstanceRow, action: string, exchange: HttpExchange): Promise<HttpAnswer> => {
    const reason = exchange.url.searchParams.get("reason") ?? "";
    switch (action.toLowerCase()) {
      case "terminate":
        return { status: messageStatus[await engine.terminate(row.id, reason)] };
      case "suspend":
        return { status: messageStatus[await engine.suspend(row.id, reason)] };
      case "resume":
        return { status: messageStatus[await engine.resume(row.id, reason)] };
      case "restart":
        return restart(row, exchange);
      case "rewind":
        if (row.status === "Completed" || row.status === "Terminated") return { status: 410 };
        return row.status === "Failed"
          ? refusal(501, "The local host does not support 'rewind'.")
          : refusal(412, "The rewind operation is only supported on failed orchestration instances.");
      default:
        return { status: 404 };
    }
  };

  const onInstance = async (
    id: string,
    parts: readonly string[],
    exchange: HttpExchange,
  ): Promise<HttpAnswer> => {
    const [action = "", event] = parts;
    if (exchange.method !== "POST" || parts.length > 2) return { status: 404 };
    const raises = action.toLowerCase() === "raiseevent";
    if (raises !== (event !== undefined)) return { status: 404 };
    const row = await instances.row(id);
    if (row !== undefined) return raises ? raise(row, event ?? "", exchange) : control(row, action, exchange);
    return action.toLowerCase() === "restart"
      ? refusal(400, "InstanceId does not match a valid orchestration instance.")
      : { status: 404 };
  };

  const route = async (path: string, exchange: HttpExchange): Promise<HttpAnswer> => {
    const [collection = "", first, ...rest] = path.replace(/\/+$/, "").split("/").map(decodeURIComponent);
    const { method } = exchange;
    switch (collection.toLowerCase()) {
      case "orchestrators":
        return method === "POST" && first !== undefined && rest.length <= 1
          ? start(first, rest[0], exchange)
          : { status: 404 };
      case "instances":
        if (first === undefined && method === "GET") return list(exchange);
        if (first === undefined && method === "DELETE") return purgeMany(exchange);
        if (first === undefined) return { status: 404 };
        if (rest.length > 0) return onInstance(first, rest, exchange);
        if (method === "GET") return status(first, exchange);
        return method === "DELETE" ? purgeOne(first) : { status: 404 };
      case "entities":
        return refusal(501, "The local host does not support durable entities.");
      default:
        return { status: 404 };
    }
  };

  return async (path, exchange) => {
    const answer = await route(path, exchange);
    const instanceId = instanceIn(path, answer);
    return instanceId === undefined ? answer : { ...answer, about: { instanceId } };
  };
}

/** The instance that a request is about, for its log line. */
function instanceIn(path: string, { status, body }: HttpAnswer): string | undefined {
  const [, asked] = /^instances\/([^/]+)/i.exec(path) ?? [];
  if (asked !== undefined) return status === 404 ? undefined : decodeURIComponent(asked);
  if (status !== 202 || typeof body !== "string") return undefined;
  return (JSON.parse(body) as { id?: string }).id;
}

const isTerminal = ({ status }: InstanceRow) => !["Pending", "Running", "Suspended"].includes(status);

/** As the real API writes its errors. */
const refusal = (status: number, message: string, why?: string): HttpAnswer =>
  jsonAnswer(status, { Message: message, ...(why === undefined ? {} : { ExceptionMessage: why }) });

const messageStatus = { accepted: 202, "not-found": 404, gone: 410, conflict: 500 } as const;

/** What cannot be read as a value of its kind counts as absent, in the real API too. */
function flag(query: URLSearchParams, name: string, otherwise: boolean): boolean {
  const value = query.get(name)?.trim().toLowerCase();
  return value === "true" || (value === "false" ? false : otherwise);
}

function time(query: URLSearchParams, name: string): number | undefined {
  const ms = Date.parse(query.get(name) ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

function seconds(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  return text.trim() === "" || !Number.isFinite(Number(text)) ? undefined : Number(text);
}

const statuses: readonly string[] = [
  ...["Pending", "Running", "Suspended", "Completed", "Failed", "Terminated"],
  ...["Canceled", "ContinuedAsNew"],
];

function matching(summaries: readonly InstanceSummary[], query: URLSearchParams): InstanceSummary[] {
  const fromMs = time(query, "createdTimeFrom") ?? -Infinity;
  const toMs = time(query, "createdTimeTo") ?? Infinity;
  const wanted = query
    .getAll("runtimeStatus")
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((text) => statuses.includes(text));
  const prefix = query.get("instanceIdPrefix") ?? "";
  return summaries.filter(
    ({ id, status, createdMs }) =>
      createdMs >= fromMs &&
      createdMs <= toMs &&
      id.startsWith(prefix) &&
      (wanted.length === 0 || wanted.includes(status)),
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
