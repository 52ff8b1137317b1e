/** All runs: listing them, and cancelling one. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { StatusDocument } from "../contracts/status.js";
import { RUN_KINDS, instanceIdOf } from "../contracts/status.js";
import { CANCEL_EVENT } from "../contracts/events.js";
import { runIdFrom } from "../domain/names.js";
import { urlOf, problem } from "./http.js";
import { documentOf, statusOf } from "./status.js";

const SHOWN = 100;

export function registerRunFunctions(): void {
  const client = df.input.durableClient();

  app.http("listRuns", {
    methods: ["GET"],
    route: "runs",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const wanted = request.query.get("kind");
      if (wanted !== null && !RUN_KINDS.some((one) => one === wanted))
        return problem(
          400,
          "INVALID_REQUEST",
          `kind: there is no kind of run "${wanted.slice(0, 40)}".`,
          `Leave it out, or give one of ${RUN_KINDS.join(", ")}.`,
        );
      const all = await durable.getStatusAll();
      const runs = all.flatMap((status): StatusDocument[] => {
        const kind = RUN_KINDS.find((one) => status.instanceId.startsWith(`${one}-`));
        if (kind === undefined || (wanted !== null && wanted !== kind)) return [];
        const runId = status.instanceId.slice(kind.length + 1);
        return [documentOf(kind, runId, status, urlOf(request, kind, runId))];
      });
      runs.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
      return { jsonBody: { count: runs.length, runs: runs.slice(0, SHOWN) } };
    },
  });

  for (const kind of RUN_KINDS)
    app.http(`cancel${kind[0]?.toUpperCase()}${kind.slice(1)}`, {
      methods: ["POST"],
      route: `${kind}s/{id}/cancel`,
      authLevel: "function",
      extraInputs: [client],
      handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
        const durable = df.getClient(context);
        const runId = runIdFrom(request.params["id"] ?? "");
        const instanceId = instanceIdOf(kind, runId);
        const run = await statusOf(durable, kind, runId, urlOf(request, kind, runId));
        if (run === undefined)
          return problem(
            404,
            "RUN_NOT_FOUND",
            `There is no ${kind} ${runId}.`,
            "List runs with GET /api/runs.",
          );
        if (run.links.cancel === undefined)
          return problem(
            409,
            "RUN_ENDED",
            `${kind} ${runId} has ended already: ${run.status}.`,
            "Nothing is to be stopped; look at the run for what it came to.",
          );
        // The event needs a body: the real extension answers an empty one with 400.
        await durable.raiseEvent(instanceId, CANCEL_EVENT, { reason: (await request.text()).slice(0, 300) });
        const { self } = run.links;
        return {
          status: 202,
          headers: { Location: self },
          jsonBody: { id: runId, status: "cancelling", links: { self } },
        };
      },
    });
}
