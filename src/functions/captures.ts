/** How captures are asked for: by a message on the queue, or by HTTP. */
import { isDeepStrictEqual } from "node:util";
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { captureRequest } from "../contracts/capture-request.js";
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { CAPTURE_ORCHESTRATOR } from "../contracts/capture-run.js";
import { problemsOf } from "../contracts/problems.js";
import { REFUSE_ORCHESTRATOR } from "../contracts/refuse-run.js";
import type { RefuseInput } from "../contracts/refuse-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { runIdFrom } from "../domain/names.js";
import type { RunStore } from "../ports/run-store.js";
import { captureInput } from "./capture-input.js";
import { accepted, fromJson, problem } from "./http.js";
import { logEvent } from "./log-event.js";
import { notePlaces } from "./places.js";
import { startOnce } from "./start-run.js";
import { findInstance } from "./status.js";

export interface CaptureFunctions {
  readonly queue: string;
  readonly workSubnetIds: readonly string[];
  /** Whether runs tell how they ended. */
  readonly announce: boolean;
  readonly runs: RunStore;
}

/** A request as it came is kept here, whatever becomes of it. */
const ORIGINAL = "request.txt";

type Parsed = { readonly runId: string } & (
  | { readonly input: CaptureInput }
  | { readonly subject: string; readonly problems: readonly string[]; readonly code: RefuseInput["code"] }
);

export function registerCaptureFunctions(settings: CaptureFunctions): void {
  const client = df.input.durableClient();

  app.serviceBusQueue("captureRequests", {
    queueName: settings.queue,
    connection: "ServiceBus",
    extraInputs: [client],
    handler: (message: unknown, context: InvocationContext) => receive(message, context, settings),
  });

  app.http("postCapture", {
    methods: ["POST"],
    route: "captures",
    authLevel: "function",
    extraInputs: [client],
    handler: (request: HttpRequest, context: InvocationContext) => post(request, context, settings),
  });
}

/** A message is never given back for being wrong: it becomes a run that is refused, with a status that says why. */
async function receive(
  message: unknown,
  context: InvocationContext,
  settings: CaptureFunctions,
): Promise<void> {
  // The worker parses metadata as JSON: a message id of digits arrives as a number.
  const { messageId } = context.triggerMetadata ?? {};
  const named = typeof messageId === "string" || typeof messageId === "number";
  // A sender that makes text of an object, for a client that does so itself, has sent JSON of JSON.
  const body = typeof message === "string" ? fromJson(message) : message;
  const parsed = parse(body, named ? String(messageId) : context.invocationId, settings);
  await keepOriginal(settings.runs, parsed.runId, message);
  const started = await start(df.getClient(context), parsed, settings);
  logEvent(context, started ? "capture accepted" : "capture known", { run: parsed.runId });
}

async function post(
  request: HttpRequest,
  context: InvocationContext,
  settings: CaptureFunctions,
): Promise<HttpResponseInit> {
  const text = await request.text();
  const parsed = parse(fromJson(text), context.invocationId, settings);
  if ("problems" in parsed)
    return problem(
      400,
      parsed.code,
      parsed.problems.join("\n"),
      "Correct the request; its schema is docs/schemas/capture-request.json.",
    );
  const durable = df.getClient(context);
  const known = await findInstance(durable, instanceIdOf("capture", parsed.runId));
  if (known !== undefined && !isSame(captureInput(known.input)?.request, parsed.input.request))
    return problem(
      409,
      "REQUEST_ID_TAKEN",
      `Capture ${parsed.runId} already exists, and its request was different.`,
      "Check that run, or give this request an id of its own.",
    );
  await keepOriginal(settings.runs, parsed.runId, text);
  await start(durable, parsed, settings);
  return accepted(durable, request, "capture", parsed.runId);
}

/** A message may leave the id to its envelope. */
const isSame = (known: CaptureRequest | undefined, request: CaptureRequest): boolean =>
  isDeepStrictEqual({ ...known, requestId: undefined }, { ...request, requestId: undefined });

/** The body may name the run; a message that does not is named by its message id. */
function parse(body: unknown, fallbackId: string, { workSubnetIds, announce }: CaptureFunctions): Parsed {
  const fallback = runIdFrom(fallbackId);
  if (typeof body !== "object" || body === null)
    return {
      runId: fallback,
      subject: "",
      code: "REQUEST_NOT_JSON",
      problems: ["(request): the body is not a JSON object"],
    };
  const read = captureRequest.safeParse(body);
  const { requestId, sourceVmId } = body as { requestId?: unknown; sourceVmId?: unknown };
  const runId = typeof requestId === "string" && requestId !== "" ? runIdFrom(requestId) : fallback;
  const subject = typeof sourceVmId === "string" ? sourceVmId.slice(0, 500) : "";
  if (!read.success) return { runId, subject, code: "INVALID_REQUEST", problems: problemsOf(read.error) };
  return { runId, input: { runId, request: read.data, announce, workSubnetIds } };
}

async function start(
  client: df.DurableClient,
  parsed: Parsed,
  { runs, announce }: CaptureFunctions,
): Promise<boolean> {
  const { runId } = parsed;
  const instanceId = instanceIdOf("capture", runId);
  if ("input" in parsed) {
    await notePlaces(runs, parsed.input.request);
    return startOnce(client, CAPTURE_ORCHESTRATOR, instanceId, parsed.input);
  }
  const { code, problems, subject } = parsed;
  const refusal: RefuseInput = {
    code,
    problems,
    ...(announce ? { about: { kind: "capture", runId, subject } } : {}),
  };
  return startOnce(client, REFUSE_ORCHESTRATOR, instanceId, refusal);
}

async function keepOriginal(runs: RunStore, runId: string, body: unknown): Promise<void> {
  await runs.putOnce(runId, ORIGINAL, new TextEncoder().encode(originalOf(body)));
}

/** Not indented: of what is nested deep, that would make megabytes of kilobytes. */
export function originalOf(body: unknown): string {
  if (typeof body === "string" || body === undefined) return body ?? "";
  try {
    return JSON.stringify(body);
  } catch {
    // Nested deeper than can be written down again: refused like every other, and no message to be delivered ten times.
    return "(nested too deep to be kept)";
  }
}
