/**
 * The restore runbook: the source VM again, from the proved backup and the saved model. The new disks stand and are
 * whole before the old VM object is touched; its disks and interfaces are kept.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import type { RestoreInput, RestoreResult } from "../contracts/restore-run.js";
import { RESTORE_STAGES } from "../contracts/restore-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { concludeAndAnnounce } from "./announce.js";
import type { Durable } from "./durable.js";
import { replaceVm, restoreResult, restoredDisks, startRestoredVm } from "./replace-vm.js";
import { planRestore } from "./plan-restore.js";
import type { Run } from "./run.js";
import { note, openRun, stage } from "./run.js";
import { waitForTurn } from "./turn.js";

export function* restoreSource(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, RESTORE_STAGES);
  const input = context.df.getInput<RestoreInput>();
  const { runId, captureId, announce } = input;
  const about = { kind: "restore" as const, runId, subject: `capture ${captureId}` };
  return yield* concludeAndAnnounce(run, announce ? about : undefined, () => runbook(run, input));
}

function* runbook(run: Run, { runId, captureId }: RestoreInput): Durable<RestoreResult> {
  const first = yield* stage(run, "preflight", () => planRestore(run, captureId));
  const plan = yield* stage(run, "queue", function* () {
    // A capture may have the same id: the hold is told apart as the instances are.
    const stoodInLine = yield* waitForTurn(run, instanceIdOf("restore", runId), first.vm);
    return stoodInLine ? yield* planRestore(run, captureId) : first;
  });
  const order = { run, restoreId: runId, captureId, plan };

  const disks = yield* stage(run, "disks", () => restoredDisks(order));
  yield* stage(run, "replace", () => replaceVm(order, disks));
  const agentReady = yield* stage(run, "start", () => startRestoredVm(order, disks));
  if (!agentReady) note(run, "start", { detail: "the VM is running; its agent does not report yet" });
  return restoreResult(order, disks, agentReady);
}
