/** How a capture that did not succeed is gone on with: a new run, from what the old ones left. */
import { app } from "@azure/functions";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { z } from "zod";
import { RUN_ID, problemsOf } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { CAPTURE_ORCHESTRATOR } from "../contracts/capture-run.js";
import { instanceIdOf } from "../contracts/status.js";
import type { RunStore } from "../ports/run-store.js";
import { runIdFrom } from "../domain/names.js";
import { isOpen } from "../domain/stages.js";
import { accepted, bodyOf, urlOf, problem } from "./http.js";
import { captureInput } from "./capture-input.js";
import { startOnce } from "./start-run.js";
import { documentOf, findInstance } from "./status.js";

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
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const durable = df.getClient(context);
      const id = runIdFrom(request.params["id"] ?? "");
      const instance = await findInstance(durable, instanceIdOf("capture", id));
      if (instance === undefined)
        return problem(404, "RUN_NOT_FOUND", `There is no capture ${id}.`, "List runs with GET /api/runs.");
      const { status } = documentOf("capture", id, instance, urlOf(request, "capture", id));
      if (isOpen(status))
        return notResumable(`Capture ${id} still runs.`, "Wait for its end, or cancel it first.");
      if (status === "succeeded")
        return notResumable(`Capture ${id} has succeeded.`, "For another image send a new capture request.");
      const former = captureInput(instance.input);
      if (former === undefined)
        return notResumable(
          `The request of ${id} could not be read, so nothing was begun.`,
          "Correct it and send it as a new capture.",
        );
      const body = resumeRequest.safeParse(await bodyOf(request));
      if (!body.success)
        return problem(
          400,
          "INVALID_REQUEST",
          problemsOf(body.error).join("\n"),
          'Send no body, or {"requestId": "…"}.',
        );

      const formerRuns = [...(former.formerRuns ?? []), id];
      const resumes = former.resumes ?? id;
      // A full stop is in no request's id: the second run of one capture is never taken for another capture.
      const wanted = runIdFrom(body.data.requestId ?? `${resumes}.${formerRuns.length + 1}`);
      const other = await findInstance(durable, instanceIdOf("capture", wanted));
      if (other !== undefined && captureInput(other.input)?.formerRuns?.at(-1) !== id)
        return problem(
          400,
          "INVALID_REQUEST",
          `requestId: there is a capture ${wanted} already, and it does not go on with ${id}.`,
          "Give another requestId, or none.",
        );
      const encoded = new TextEncoder().encode(wanted);
      const runId = new TextDecoder().decode(await runs.putOnce(id, RESUMED_BY, encoded));
      if (runId !== wanted)
        return notResumable(
          `Capture ${id} was gone on with by ${runId}.`,
          `Look at ${runId}, and resume that.`,
        );
      const input: CaptureInput = { ...former, runId, resumes, formerRuns };
      const started = await startOnce(durable, CAPTURE_ORCHESTRATOR, instanceIdOf("capture", runId), input);
      context.log(
        JSON.stringify({ event: started ? "resume accepted" : "resume known", run: runId, resumes: id }),
      );
      return accepted(durable, request, "capture", runId);
    },
  });
}

const notResumable = (message: string, remedy: string) => problem(409, "RUN_NOT_RESUMABLE", message, remedy);
