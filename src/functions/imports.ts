/** How dropped files become runs: an event or a poll for each, a sweep for what raised none; and the doctor by HTTP. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { z } from "zod";
import type { DropPlace } from "../domain/import/drop.js";
import type { Diagnosis, Purpose } from "../domain/vhd/diagnosis.js";
import { PURPOSES } from "../domain/vhd/diagnosis.js";
import { bindDropsByPlace } from "./drop-binding.js";
import { bodyOf, invalidRequest, problem } from "./http.js";
import { arrived, consider, isImportable, type Arrivals } from "./import-arrivals.js";
import { logEvent } from "./log-event.js";

export interface ImportFunctions extends Arrivals {
  readonly container: string;
  readonly events: "EventGrid" | "polling";
  /** NCRONTAB with seconds. */
  readonly sweepSchedule: string;
  /** The doctor; undefined when there is no such file. */
  readonly inspect: (place: DropPlace, purpose: Purpose) => Promise<Diagnosis | undefined>;
}

const inspectRequest = z.strictObject({
  blob: z.string().min(1).max(1024),
  container: z.string().min(3).max(63).optional(),
  purpose: z.enum(PURPOSES).default("any"),
});

export function registerImportFunctions(imports: ImportFunctions): void {
  const client = df.input.durableClient();
  bindDropsByPlace();

  app.storageBlob("dropArrived", {
    path: `${imports.container}/{name}`,
    connection: "DropStorage",
    source: imports.events === "EventGrid" ? "EventGrid" : "LogsAndContainerScan",
    sdkBinding: true,
    extraInputs: [client],
    handler: async (blob: unknown, context: InvocationContext) => {
      const place = blob as DropPlace; // drop-binding.ts makes it one.
      const arrival = await arrived(place, df.getClient(context), imports);
      logEvent(context, "drop seen", { ...place, ...arrival });
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
          logEvent(context, "drop swept up", { blob: drop.blob, ...arrival });
      }
    },
  });

  app.http("inspectDrop", {
    methods: ["POST"],
    route: "imports/inspect",
    authLevel: "function",
    handler: (request: HttpRequest) => inspectDrop(request, imports),
  });
}

async function inspectDrop(
  request: HttpRequest,
  imports: Pick<ImportFunctions, "container" | "inspect">,
): Promise<HttpResponseInit> {
  const asked = inspectRequest.safeParse(await bodyOf(request));
  if (!asked.success)
    return invalidRequest(
      asked.error,
      'Send {"blob": "name.vhd"} with the name of a file in the drop container.',
    );
  const { blob, purpose, container = imports.container } = asked.data;
  // The doctor reads with the pipeline's rights: what it may be asked about is what is dropped, and nothing else.
  if (container !== imports.container)
    return problem(
      400,
      "INVALID_REQUEST",
      `container: only files in ${imports.container} can be inspected`,
      "Drop the file there.",
    );
  const diagnosis = await imports.inspect({ container, blob }, purpose);
  return diagnosis === undefined
    ? problem(404, "SOURCE_GONE", `${blob} does not exist in ${container}.`, "Drop the file there.")
    : { jsonBody: diagnosis };
}
