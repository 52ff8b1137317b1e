/** All runs: listing them, looking at one, cancelling one. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { CANCEL_EVENT } from "../contracts/events.js";
import type { RunKind } from "../contracts/status.js";
import { RUN_KINDS, instanceIdOf } from "../contracts/status.js";
import { isOpen } from "../domain/stages.js";
import { invalidRequest, problem, runIdOf, runNotFound, urlOf } from "./http.js";
import { findRuns, runQuery } from "./run-list.js";
import { statusOf } from "./status.js";

/** The most that a list shows; it counts them all. */
const SHOWN = 100;

/** What a run's status keeps of the reason for which it is cancelled, in characters. */
const REASON_LIMIT = 300;

export function registerRunFunctions(): void {
  const client = df.input.durableClient();

  app.http("listRuns", {
    methods: ["GET"],
    route: "runs",
    authLevel: "function",
    extraInputs: [client],
    handler: listRuns,
  });

  for (const kind of RUN_KINDS) {
    const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    app.http(`get${name}`, {
      methods: ["GET"],
      route: `${kind}s/{id}`,
      authLevel: "function",
      extraInputs: [client],
      handler: (request: HttpRequest, context: InvocationContext) => showRun(kind, request, context),
    });
    app.http(`cancel${name}`, {
      methods: ["POST"],
      route: `${kind}s/{id}/cancel`,
      authLevel: "function",
      extraInputs: [client],
      handler: (request: HttpRequest, context: InvocationContext) => cancelRun(kind, request, context),
    });
  }
}

async function listRuns(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const query = runQuery.safeParse(Object.fromEntries(request.query));
  if (!query.success)
    return invalidRequest(query.error, "Correct the query or leave it out: every parameter is optional.");
  const selfOf = (kind: RunKind, runId: string) => urlOf(request, kind, runId);
  const runs = await findRuns(df.getClient(context), query.data, selfOf, Date.now());
  return { jsonBody: { count: runs.length, runs: runs.slice(0, SHOWN) } };
}

async function showRun(
  kind: RunKind,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const runId = runIdOf(request);
  const run = await statusOf(df.getClient(context), kind, runId, urlOf(request, kind, runId));
  return run === undefined ? runNotFound(kind, runId) : { jsonBody: run };
}

async function cancelRun(
  kind: RunKind,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const durable = df.getClient(context);
  const runId = runIdOf(request);
  const run = await statusOf(durable, kind, runId, urlOf(request, kind, runId));
  if (run === undefined) return runNotFound(kind, runId);
  if (run.links.cancel === undefined)
    return problem(
      409,
      "RUN_ENDED",
      `${kind} ${runId} ${isOpen(run.status) ? "is cleaning up, which cannot be interrupted" : `has already ended: ${run.status}`}.`,
      "There is nothing to stop; see the run's status for its outcome.",
    );
  // The event needs a body: the real extension answers an empty one with 400.
  const reason = (await request.text()).slice(0, REASON_LIMIT);
  await durable.raiseEvent(instanceIdOf(kind, runId), CANCEL_EVENT, { reason });
  const { self } = run.links;
  return {
    status: 202,
    headers: { Location: self },
    jsonBody: { id: runId, status: "cancelling", links: { self } },
  };
}
