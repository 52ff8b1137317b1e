/** The shortest runbook: says on a status of its own why a request was refused. */
import type { OrchestrationContext, Task } from "durable-functions";
import type { RefuseInput } from "../contracts/refuse-run.js";
import { concludeAndAnnounce } from "./announce.js";
import { openRun, refusal } from "./run.js";

export function* refuseRequest(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, ["read request"]);
  const { code, problems, about } = context.df.getInput<RefuseInput>();
  return yield* concludeAndAnnounce(run, about, function* () {
    throw refusal({
      code,
      message: problems.join("\n").slice(0, 4000),
      remedy:
        "Correct the request and send it again with a new id; the original is kept in the run's folder.",
    });
  });
}
