/** All runs: listing them, and cancelling one. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { StatusDocument } from "../contracts/status.js";
import { RUN_KINDS, instanceIdOf } from "../contracts/status.js";
import { CANCEL_EVENT } from "../contracts/events.js";
import { runIdFrom } from "../domain/names.js";
import { linksOf, problem } from "./http.js";
import { documentOf, findInstance } from "./status.js";

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
      const all = await durable.getStatusAll();
      const runs = all.flatMap((status): StatusDocument[] => {
        const kind = RUN_KINDS.find((one) => status.instanceId.startsWith(`${one}-`));
        if (kind === undefined || (wanted !== null && wanted !== kind)) return [];
        const runId = status.instanceId.slice(kind.length + 1);
        return [documentOf(kind, runId, status, linksOf(request, kind, runId))];
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
        const status = await findInstance(durable, instanceId);
        if (status === undefined)
          return problem(
            404,
            "RUN_NOT_FOUND",
            `There is no ${kind} ${runId}.`,
            "List runs with GET /api/runs.",
          );
        // The event needs a body: the real extension answers an empty one with 400.
        await durable.raiseEvent(instanceId, CANCEL_EVENT, { reason: (await request.text()).slice(0, 300) });
        const { self } = linksOf(request, kind, runId);
        return {
          status: 202,
          headers: { Location: self },
          jsonBody: { id: runId, status: "cancelling", links: { self } },
        };
      },
    });
}
