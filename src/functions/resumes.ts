/** How a capture that did not succeed is gone on with: a new run, from what the old ones left. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableOrchestrationStatus } from "durable-functions";
import * as df from "durable-functions";
import { z } from "zod";
import { RUN_ID } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { CAPTURE_ORCHESTRATOR } from "../contracts/capture-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { runIdFrom } from "../domain/names.js";
import { isOpen } from "../domain/stages.js";
import type { RunStore } from "../ports/run-store.js";
import { captureInput } from "./capture-input.js";
import { accepted, bodyOf, invalidRequest, problem, runIdOf, runNotFound } from "./http.js";
import { logEvent } from "./log-event.js";
import { startOnce } from "./start-run.js";
import { boardOf, findInstance } from "./status.js";

const resumeRequest = z.strictObject({
  /** Names the new run. */
  requestId: z.string().regex(RUN_ID).optional(),
});

/** Which run goes on with a run: of two that want to, the first. */
const RESUMED_BY = "resumed-by";

export function registerResumeFunctions({ runs }: { readonly runs: RunStore }): void {
  app.http("postResume", {
    methods: ["POST"],
    route: "captures/{id}/resume",
    authLevel: "function",
    extraInputs: [df.input.durableClient()],
    handler: (request: HttpRequest, context: InvocationContext) => resume(request, context, runs),
  });
}

async function resume(
  request: HttpRequest,
  context: InvocationContext,
  runs: RunStore,
): Promise<HttpResponseInit> {
  const durable = df.getClient(context);
  const id = runIdOf(request);
  const instance = await findInstance(durable, instanceIdOf("capture", id));
  if (instance === undefined) return runNotFound("capture", id);
  const { former, refusal } = resumable(id, instance);
  if (former === undefined) return refusal;
  const body = resumeRequest.safeParse(await bodyOf(request));
  if (!body.success) return invalidRequest(body.error, 'Send no body, or {"requestId": "…"}.');

  const next = nextRun(id, former, body.data.requestId);
  const instanceId = instanceIdOf("capture", next.runId);
  const other = await findInstance(durable, instanceId);
  if (other !== undefined && captureInput(other.input)?.formerRuns?.at(-1) !== id)
    return problem(
      400,
      "INVALID_REQUEST",
      `requestId: capture ${next.runId} already exists, and it does not resume ${id}.`,
      "Use another requestId, or leave it out.",
    );
  const first = await claim(runs, id, next.runId);
  if (first !== next.runId)
    return notResumable(
      `Capture ${id} was already resumed by ${first}.`,
      `Check ${first}, and resume that run.`,
    );
  const started = await startOnce(durable, CAPTURE_ORCHESTRATOR, instanceId, next);
  logEvent(context, started ? "resume accepted" : "resume known", { run: next.runId, resumes: id });
  return accepted(durable, request, "capture", next.runId);
}

/** What a new run takes over from this one, or why there is nothing to go on with. */
function resumable(
  id: string,
  instance: DurableOrchestrationStatus,
):
  | { readonly former: CaptureInput; readonly refusal?: undefined }
  | { readonly former?: undefined; readonly refusal: HttpResponseInit } {
  const { status } = boardOf(instance);
  const refuse = (message: string, remedy: string) => ({ refusal: notResumable(message, remedy) });
  if (isOpen(status))
    return refuse(`Capture ${id} is still running.`, "Wait for it to end, or cancel it first.");
  if (status === "succeeded")
    return refuse(`Capture ${id} has succeeded.`, "For another image, send a new capture request.");
  const former = captureInput(instance.input);
  return former === undefined
    ? refuse(
        `The request of ${id} could not be read, so no work was started.`,
        "Correct it and send it as a new capture request.",
      )
    : { former };
}

const notResumable = (message: string, remedy: string) => problem(409, "RUN_NOT_RESUMABLE", message, remedy);

function nextRun(id: string, former: CaptureInput, requestId: string | undefined): CaptureInput {
  const formerRuns = [...(former.formerRuns ?? []), id];
  const resumes = former.resumes ?? id;
  // A full stop is in no request's id: the second run of one capture is never taken for another capture.
  const runId = runIdFrom(requestId ?? `${resumes}.${formerRuns.length + 1}`);
  return { ...former, runId, resumes, formerRuns };
}

/** The run that goes on with this one: the one that asks, unless another was first. */
async function claim(runs: RunStore, id: string, runId: string): Promise<string> {
  const kept = await runs.putOnce(id, RESUMED_BY, new TextEncoder().encode(runId));
  return new TextDecoder().decode(kept);
}
