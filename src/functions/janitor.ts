/** Sweeps up after runs that could not do it themselves, and tells at any time what it would do. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { DurableClient, DurableOrchestrationStatus } from "durable-functions";
import { runOf } from "../contracts/status.js";
import type { JanitorVerdict, RunsState } from "../domain/janitor.js";
import { judgeLeftover } from "../domain/janitor.js";
import { RUN_TAG } from "../domain/names.js";
import type { Resources } from "../ports/resources.js";
import type { RunStore } from "../ports/run-store.js";
import type { TaggedInPlaces, TaggedResources } from "../ports/tagged-resources.js";
import type { VmHolds } from "../ports/vm-holds.js";
import { captureInput } from "./capture-input.js";
import { logEvent } from "./log-event.js";
import { notedPlaces } from "./places.js";
import { OPEN_IN_DURABLE } from "./status.js";

export interface JanitorFunctions {
  readonly mode: "report" | "remove";
  /** NCRONTAB with seconds. */
  readonly schedule: string;
  /** Subscriptions that the settings name; those of requests are noted by the runs. */
  readonly subscriptionIds: readonly string[];
  readonly runs: RunStore;
  readonly tagged: TaggedResources;
  readonly resources: Resources;
  readonly holds: VmHolds;
}

interface Report {
  readonly mode: "report" | "remove";
  readonly resources: readonly JanitorVerdict[];
  /** Subscriptions and image definitions that could not be looked at. */
  readonly unread: TaggedInPlaces["unread"];
  /** Holds of runs that have ended. */
  readonly holds: readonly { readonly hold: string; readonly runId: string }[];
}

export function registerJanitorFunctions(janitor: JanitorFunctions): void {
  const client = df.input.durableClient();

  app.timer("janitor", {
    schedule: janitor.schedule,
    extraInputs: [client],
    handler: async (_timer: unknown, context: InvocationContext) => {
      const report = await survey(df.getClient(context), janitor);
      for (const { id, run, why } of report.resources.filter(({ remove }) => remove)) {
        const removal =
          janitor.mode === "remove"
            ? (await janitor.resources.removal.start({ resourceId: id })).status
            : "left";
        logEvent(context, "leftover found", { resource: id, run, why, removal });
      }
      for (const { place, why } of report.unread) logEvent(context, "place not looked at", { place, why });
      for (const { hold, runId } of report.holds) {
        if (janitor.mode === "remove") await janitor.holds.evict(hold, runId);
        logEvent(context, "hold of an ended run", { hold, run: runId, mode: janitor.mode });
      }
    },
  });

  app.http("getLeftovers", {
    methods: ["GET"],
    route: "leftovers",
    authLevel: "function",
    extraInputs: [client],
    handler: async (_request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => ({
      jsonBody: await survey(df.getClient(context), janitor),
    }),
  });
}

async function survey(client: DurableClient, janitor: JanitorFunctions): Promise<Report> {
  const { mode, subscriptionIds, runs, tagged, holds } = janitor;
  const named = subscriptionIds.map((id) => `/subscriptions/${id.toLowerCase()}`);
  const places = [...new Set([...named, ...(await notedPlaces(runs))])];
  // In this order: a run that starts meanwhile has made nothing that was seen.
  const [{ found, unread }, held] = [await tagged.list(places), await holds.list()];
  const stateOf = runStates(await client.getStatusAll());
  const nowMs = Date.now();
  return {
    mode,
    resources: found.map((resource) => judgeLeftover(resource, stateOf(resource.tags[RUN_TAG] ?? ""), nowMs)),
    unread,
    holds: held.filter(({ runId }) => stateOf(runId) === "ended"),
  };
}

/** By a run's id as tags and holds have it: a resumed run counts for the first one too, whose names it uses. */
export function runStates(instances: readonly DurableOrchestrationStatus[]): (run: string) => RunsState {
  const states = new Map<string, RunsState>();
  for (const { instanceId, runtimeStatus, input } of instances) {
    const own = runOf(instanceId)?.runId;
    if (own === undefined) continue;
    const first = captureInput(input)?.resumes ?? own;
    const open = OPEN_IN_DURABLE.includes(runtimeStatus);
    for (const run of [own, instanceId, first])
      if (open || !states.has(run)) states.set(run, open ? "open" : "ended");
  }
  return (run) => states.get(run);
}
