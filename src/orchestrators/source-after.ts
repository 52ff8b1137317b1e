/** What becomes of a source VM that was generalized itself: left as it is, made again from its backup, or deleted. */
import { recallModel, removeSourceVm } from "../contracts/capture-activities.js";
import type { SourceAfter } from "../contracts/capture-run.js";
import { removeResource } from "../contracts/image-activities.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { makeAgain, restoreResult, restoredDisks, startAgain } from "./make-again.js";
import { operate, operateAll } from "./operate.js";
import { planRestore } from "./plan-restore.js";
import { wayBack } from "./seal.js";
import { demand } from "./wait.js";

const DELETION = { limitMinutes: 60 };

export function* sourceAfter(scope: CaptureScope): Durable<SourceAfter> {
  const { run, runId, sealId, request, vm } = scope;
  if (request.sourceAfter === "leave") return { state: "sealed", restore: wayBack(scope) };
  if (request.sourceAfter === "restore") {
    const plan = yield* planRestore(run, runId);
    const order = { run, restoreId: sealId, captureId: runId, plan };
    const disks = yield* restoredDisks(order);
    yield* makeAgain(order, disks);
    return { state: "restored", ...restoreResult(order, disks, yield* startAgain(order)) };
  }
  const model = yield* demand(run, recallModel, { captureId: runId });
  yield* operate(run, removeSourceVm, { vmId: vm.id }, DELETION);
  // They were kept from going with the VM as long as the capture might have failed; now they go as they were to.
  const removals = (model?.goesWith ?? []).map((resourceId) => ({ resourceId }));
  yield* operateAll(run, removeResource, removals, DELETION);
  return { state: "deleted" };
}
