/** How dropped files become runs: an event or a poll for each, a sweep for what raised none; and how they are looked at. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { z } from "zod";
import { problemsOf } from "../contracts/capture-request.js";
import type { DropPlace } from "../domain/import/drop.js";
import type { Diagnosis, Purpose } from "../domain/vhd/diagnosis.js";
import { runIdFrom } from "../domain/names.js";
import { bindDropsByPlace } from "./drop-binding.js";
import { urlOf, problem } from "./http.js";
import { arrived, consider, isImportable, type Arrivals } from "./import-arrivals.js";
import { statusOf } from "./status.js";

export interface ImportFunctions extends Arrivals {
  readonly container: string;
  /** The container's name as the trigger's path needs it: a setting's name in %…%, filled in by the host. */
  readonly containerSetting: string;
  /** The setting that holds the account's connection. */
  readonly connection: string;
  readonly events: "EventGrid" | "polling";
  /** NCRONTAB. */
  readonly sweepSchedule: string;
  /** The doctor; undefined when there is no such file. */
  readonly inspect: (place: DropPlace, purpose: Purpose) => Promise<Diagnosis | undefined>;
}

const inspectRequest = z.strictObject({
  blob: z.string().min(1).max(1024),
  container: z.string().min(3).max(63).optional(),
  purpose: z.enum(["any", "os", "data"]).default("any"),
});

export function registerImportFunctions(imports: ImportFunctions): void {
  const client = df.input.durableClient();
  bindDropsByPlace();

  app.storageBlob("dropArrived", {
    path: `${imports.containerSetting}/{name}`,
    connection: imports.connection,
    source: imports.events === "EventGrid" ? "EventGrid" : "LogsAndContainerScan",
    sdkBinding: true,
    extraInputs: [client],
    handler: async (place: unknown, context: InvocationContext) => {
      const arrival = await arrived(place as DropPlace, df.getClient(context), imports);
      context.log(JSON.stringify({ event: "drop seen", ...(place as DropPlace), ...arrival }));
    },
  });

  app.timer("sweepDrops", {
    schedule: imports.sweepSchedule,
    extraInputs: [client],
    handler: async (_timer: unknown, context: InvocationContext) => {
      const durable = df.getClient(context);
      for await (const drop of imports.drops.list(imports.container)) {
        if (!isImportable(drop)) continue;
        const arrival = await consider(drop, durable, imports);
        if (arrival.outcome === "started")
          context.log(JSON.stringify({ event: "drop swept up", blob: drop.blob, ...arrival }));
      }
    },
  });

  app.http("inspectDrop", {
    methods: ["POST"],
    route: "imports/inspect",
    authLevel: "function",
    handler: async (request: HttpRequest): Promise<HttpResponseInit> => {
      const read = inspectRequest.safeParse(await bodyOf(request));
      if (!read.success)
        return problem(
          400,
          "INVALID_REQUEST",
          problemsOf(read.error).join("\n"),
          'Send {"blob": "name.vhd"} of a file in the drop container.',
        );
      const { blob, purpose } = read.data;
      const container = read.data.container ?? imports.container;
      // The doctor reads with the pipeline's rights: what it may be asked about is what is dropped, and nothing else.
      if (container !== imports.container)
        return problem(
          400,
          "INVALID_REQUEST",
          `container: only ${imports.container} can be asked about`,
          "Drop the file there.",
        );
      const diagnosis = await imports.inspect({ container, blob }, purpose);
      if (diagnosis === undefined)
        return problem(404, "SOURCE_GONE", `There is no ${blob} in ${container}.`, "Drop the file there.");
      return { jsonBody: diagnosis };
    },
  });

  app.http("getImport", {
    methods: ["GET"],
    route: "imports/{id}",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const runId = runIdFrom(request.params["id"] ?? "");
      const status = await statusOf(durable, "import", runId, urlOf(request, "import", runId));
      return status === undefined
        ? problem(
            404,
            "RUN_NOT_FOUND",
            `There is no import ${runId}.`,
            "List runs with GET /api/runs?kind=import.",
          )
        : { jsonBody: status };
    },
  });
}

async function bodyOf(request: HttpRequest): Promise<unknown> {
  try {
    return JSON.parse(await request.text()) as unknown;
  } catch {
    return undefined;
  }
}
