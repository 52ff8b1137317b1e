/** How a source VM is restored from a capture's backup, and how that is looked at. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { DurableClient } from "durable-functions";
import { z } from "zod";
import { problemsOf } from "../contracts/capture-request.js";
import type { RestoreInput } from "../contracts/restore-run.js";
import { RESTORE_ORCHESTRATOR } from "../contracts/restore-run.js";
import { instanceIdOf } from "../contracts/status.js";
import type { RunStore } from "../ports/run-store.js";
import { runIdFrom } from "../domain/names.js";
import { isOpen } from "../domain/stages.js";
import { accepted, bodyOf, urlOf, problem } from "./http.js";
import { captureInput } from "./capture-input.js";
import { startOnce } from "./start-run.js";
import { documentOf, findInstance, statusOf } from "./status.js";

export interface RestoreFunctions {
  readonly runs: RunStore;
  /** The document without which there is nothing to restore. */
  readonly backupDocument: string;
  /** Whether restores tell how they ended. */
  readonly announce: boolean;
}

const restoreRequest = z.strictObject({ again: z.boolean().default(false) });

/** Each try has its own disks, and so its own id. */
const MOST_TRIES = 20;

export function registerRestoreFunctions({ runs, backupDocument, announce }: RestoreFunctions): void {
  const client = df.input.durableClient();

  app.http("postRestore", {
    methods: ["POST"],
    route: "captures/{id}/restore",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const named = runIdFrom(request.params["id"] ?? "");
      const instance = await findInstance(durable, instanceIdOf("capture", named));
      const capture = instance && documentOf("capture", named, instance, urlOf(request, "capture", named));
      // What a resumed run backed up is kept under the run that was first.
      const captureId = captureInput(instance?.input)?.resumes ?? named;
      const backedUp = (await runs.get(captureId, backupDocument)) !== undefined;
      if (capture === undefined && !backedUp)
        return problem(
          404,
          "RUN_NOT_FOUND",
          `There is no capture ${captureId}.`,
          "List runs with GET /api/runs.",
        );
      if (capture?.links.cancel !== undefined)
        return problem(
          409,
          "VM_BUSY",
          `Capture ${captureId} still runs.`,
          `Wait for its end, or cancel it: POST ${capture.links.cancel}.`,
        );
      if (!backedUp)
        return problem(
          409,
          "NOTHING_TO_RESTORE",
          `Capture ${captureId} has no proved backup.`,
          "Name a capture that got past its stage backup.",
        );
      const body = restoreRequest.safeParse(await bodyOf(request));
      if (!body.success)
        return problem(
          400,
          "INVALID_REQUEST",
          problemsOf(body.error).join("\n"),
          'Send no body, or {"again": true} to restore what was restored before.',
        );
      const runId = await freeId(durable, request, captureId, body.data.again);
      const input: RestoreInput = { runId, captureId, announce };
      const started = await startOnce(durable, RESTORE_ORCHESTRATOR, instanceIdOf("restore", runId), input);
      context.log(
        JSON.stringify({
          event: started ? "restore accepted" : "restore known",
          run: runId,
          capture: captureId,
        }),
      );
      return accepted(durable, request, "restore", runId);
    },
  });

  app.http("getRestore", {
    methods: ["GET"],
    route: "restores/{id}",
    authLevel: "function",
    extraInputs: [client],
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const runId = runIdFrom(request.params["id"] ?? "");
      const status = await statusOf(durable, "restore", runId, urlOf(request, "restore", runId));
      return status === undefined
        ? problem(
            404,
            "RUN_NOT_FOUND",
            `There is no restore ${runId}.`,
            "List runs with GET /api/runs?kind=restore.",
          )
        : { jsonBody: status };
    },
  });
}

/**
 * The restore that runs or succeeded, so that asking twice restores once; after one that did not, the next.
 * No run id holds a full stop: the second restore of one capture is never taken for the first of another.
 */
async function freeId(
  client: DurableClient,
  request: HttpRequest,
  captureId: string,
  again: boolean,
): Promise<string> {
  for (let attempt = 1; attempt < MOST_TRIES; attempt += 1) {
    const runId = attempt === 1 ? captureId : runIdFrom(`${captureId}.${attempt}`);
    const status = (await statusOf(client, "restore", runId, urlOf(request, "restore", runId)))?.status;
    if (status === undefined || isOpen(status) || (status === "succeeded" && !again)) return runId;
  }
  return runIdFrom(`${captureId}.${MOST_TRIES}`);
}
