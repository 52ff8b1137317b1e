/** How a source VM is restored from a capture's backup. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { DurableClient } from "durable-functions";
import { z } from "zod";
import type { RestoreInput } from "../contracts/restore-run.js";
import { RESTORE_ORCHESTRATOR } from "../contracts/restore-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { runIdFrom } from "../domain/names.js";
import { isOpen } from "../domain/stages.js";
import type { RunStore } from "../ports/run-store.js";
import { captureInput } from "./capture-input.js";
import { accepted, bodyOf, invalidRequest, problem, runIdOf, runNotFound, urlOf } from "./http.js";
import { logEvent } from "./log-event.js";
import { startOnce } from "./start-run.js";
import { boardOf, findInstance } from "./status.js";

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

export function registerRestoreFunctions(functions: RestoreFunctions): void {
  app.http("postRestore", {
    methods: ["POST"],
    route: "captures/{id}/restore",
    authLevel: "function",
    extraInputs: [df.input.durableClient()],
    handler: (request: HttpRequest, context: InvocationContext) => restore(request, context, functions),
  });
}

async function restore(
  request: HttpRequest,
  context: InvocationContext,
  { runs, backupDocument, announce }: RestoreFunctions,
): Promise<HttpResponseInit> {
  const durable = df.getClient(context);
  const named = runIdOf(request);
  const instance = await findInstance(durable, instanceIdOf("capture", named));
  // What a resumed run backed up is kept under the run that was first.
  const captureId = captureInput(instance?.input)?.resumes ?? named;
  const backedUp = (await runs.get(captureId, backupDocument)) !== undefined;
  // A backup outlives the history of the run that made it.
  if (instance === undefined && !backedUp) return runNotFound("capture", captureId);
  if (instance !== undefined && isOpen(boardOf(instance).status))
    return problem(
      409,
      "VM_BUSY",
      `Capture ${captureId} is still running.`,
      `Wait for it to end, or cancel it: POST ${urlOf(request, "capture", named)}/cancel.`,
    );
  if (!backedUp)
    return problem(
      409,
      "NOTHING_TO_RESTORE",
      `Capture ${captureId} has no proved backup.`,
      "Specify a capture that completed its backup stage.",
    );
  const body = restoreRequest.safeParse(await bodyOf(request));
  if (!body.success)
    return invalidRequest(
      body.error,
      'Send no body, or {"again": true} to restore once more after a restore that succeeded.',
    );

  const runId = await freeId(durable, captureId, body.data.again);
  const input: RestoreInput = { runId, captureId, announce };
  const started = await startOnce(durable, RESTORE_ORCHESTRATOR, instanceIdOf("restore", runId), input);
  logEvent(context, started ? "restore accepted" : "restore known", { run: runId, capture: captureId });
  return accepted(durable, request, "restore", runId);
}

/**
 * The restore that runs or succeeded, so that asking twice restores once; after one that did not, the next.
 * No run id holds a full stop: the second restore of one capture is never taken for the first of another.
 */
async function freeId(client: DurableClient, captureId: string, again: boolean): Promise<string> {
  for (let attempt = 1; attempt < MOST_TRIES; attempt += 1) {
    const runId = attempt === 1 ? captureId : runIdFrom(`${captureId}.${attempt}`);
    const instance = await findInstance(client, instanceIdOf("restore", runId));
    if (instance === undefined) return runId;
    const { status } = boardOf(instance);
    if (isOpen(status) || (status === "succeeded" && !again)) return runId;
  }
  return runIdFrom(`${captureId}.${MOST_TRIES}`);
}
