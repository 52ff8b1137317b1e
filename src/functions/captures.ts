/** How captures are asked for and looked at: a message on the queue, or HTTP. Parse, start or ask, answer. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { CAPTURE_ORCHESTRATOR } from "../contracts/capture-run.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { captureRequest, problemsOf } from "../contracts/capture-request.js";
import { REFUSE_ORCHESTRATOR } from "../contracts/refuse-run.js";
import type { RefuseInput } from "../contracts/refuse-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { runIdFrom } from "../domain/names.js";
import type { RunStore } from "../ports/run-store.js";
import { accepted, urlOf, problem } from "./http.js";
import { startOnce } from "./start-run.js";
import { statusOf } from "./status.js";

export interface CaptureFunctions {
  /** The setting's name that holds the queue's name, in %…% for the host to fill in. */
  readonly queue: string;
  readonly workSubnetId?: string;
  readonly runs: RunStore;
}

/** A request as it came is kept here, whatever becomes of it. */
export const ORIGINAL = "request.txt";

type Parsed = { readonly runId: string } & (
  | { readonly input: CaptureInput }
  | { readonly problems: readonly string[]; readonly code: RefuseInput["code"] }
);

export function registerCaptureFunctions({ queue, workSubnetId, runs }: CaptureFunctions): void {
  const client = df.input.durableClient();

  app.serviceBusQueue("captureRequests", {
    queueName: queue,
    connection: "ServiceBus",
    extraInputs: [client],
    handler: async (message: unknown, context: InvocationContext) => {
      // The worker parses metadata as JSON: a message id of digits arrives as a number.
      const { messageId } = context.triggerMetadata ?? {};
      const fallback =
        typeof messageId === "string" || typeof messageId === "number"
          ? String(messageId)
          : context.invocationId;
      const parsed = parse(message, fallback, workSubnetId);
      await keepOriginal(runs, parsed.runId, message);
      const started = await start(df.getClient(context), parsed);
      context.log(
        JSON.stringify({ event: started ? "capture accepted" : "capture known", run: parsed.runId }),
      );
    },
  });

  app.http("postCapture", {
    methods: ["POST"],
    route: "captures",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const text = await request.text();
      const parsed = parse(fromJson(text), context.invocationId, workSubnetId);
      if ("problems" in parsed)
        return problem(
          400,
          parsed.code,
          parsed.problems.join("\n"),
          "Correct the request; its schema is docs/schemas/capture-request.json.",
        );
      const durable = df.getClient(context);
      await keepOriginal(runs, parsed.runId, text);
      await start(durable, parsed);
      return accepted(durable, request, "capture", parsed.runId);
    },
  });

  app.http("getCapture", {
    methods: ["GET"],
    route: "captures/{id}",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const runId = runIdFrom(request.params["id"] ?? "");
      const status = await statusOf(durable, "capture", runId, urlOf(request, "capture", runId));
      if (status === undefined)
        return problem(
          404,
          "RUN_NOT_FOUND",
          `There is no capture ${runId}.`,
          "List runs with GET /api/runs.",
        );
      return { jsonBody: status };
    },
  });
}

/** The body may name the run; a message that does not is named by its message id. */
function parse(body: unknown, fallbackId: string, workSubnetId: string | undefined): Parsed {
  const fallback = runIdFrom(fallbackId);
  if (typeof body !== "object" || body === null)
    return {
      runId: fallback,
      code: "REQUEST_NOT_JSON",
      problems: ["(request): the body is not a JSON object"],
    };
  const read = captureRequest.safeParse(body);
  const { requestId } = body as { requestId?: unknown };
  const runId = typeof requestId === "string" && requestId !== "" ? runIdFrom(requestId) : fallback;
  if (!read.success) return { runId, code: "INVALID_REQUEST", problems: problemsOf(read.error) };
  return {
    runId,
    input: { runId, request: read.data, ...(workSubnetId === undefined ? {} : { workSubnetId }) },
  };
}

/** Undefined is no JSON object either, and is told as such. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const start = (client: df.DurableClient, parsed: Parsed): Promise<boolean> =>
  "input" in parsed
    ? startOnce(client, CAPTURE_ORCHESTRATOR, instanceIdOf("capture", parsed.runId), parsed.input)
    : startOnce(client, REFUSE_ORCHESTRATOR, instanceIdOf("capture", parsed.runId), {
        code: parsed.code,
        problems: parsed.problems,
      } satisfies RefuseInput);

async function keepOriginal(runs: RunStore, runId: string, body: unknown): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body, undefined, 2);
  await runs.putOnce(runId, ORIGINAL, new TextEncoder().encode(text));
}
