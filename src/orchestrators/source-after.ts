/** What becomes of a source VM that was generalized itself: left as it is, made again from its backup, or deleted. */
import { recallModel, removeSourceVm } from "../contracts/capture-activities.js";
import type { SourceAfter } from "../contracts/capture-run.js";
import type { RestoreResult } from "../contracts/restore-run.js";
import { removeResource } from "../contracts/image-activities.js";
import { inBrief } from "../domain/brief.js";
import { sameResource } from "../domain/resource-id.js";
import { allDisks } from "../domain/vm.js";
import { call } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { makeAgain, newDisks, restoreResult, restoredDisks, startAgain } from "./make-again.js";
import { operate, operateAll } from "./operate.js";
import { planRestore } from "./plan-restore.js";
import { RunEnd, endOf } from "./run.js";
import { wayBack } from "./seal.js";

const DELETION = { limitMinutes: 60 };
const DOOMED_CHARS = 2000;

export function* sourceAfter(scope: CaptureScope): Durable<SourceAfter> {
  const { run, captureId, request, vm } = scope;
  if (request.sourceAfter === "leave") return { state: "sealed", restore: wayBack(scope) };
  if (request.sourceAfter === "restore") return { state: "restored", ...(yield* restored(scope)) };
  const model = yield* call(run, recallModel, { captureId });
  const goesWith = model?.goesWith ?? [];
  try {
    yield* operate(run, removeSourceVm, { vmId: vm.id }, DELETION);
    // They were kept from going with the VM as long as the capture might have failed; now they go as they were to.
    const removals = goesWith.map((resourceId) => ({ resourceId }));
    yield* operateAll(run, removeResource, removals, DELETION);
  } catch (error) {
    const { status, end } = endOf(error);
    const doomed = inBrief([vm.id, ...goesWith], DOOMED_CHARS).join(", ");
    throw new RunEnd(status, {
      ...end,
      message: `${end.message} These were being deleted, look which of them stand: ${doomed}.`,
    });
  }
  return { state: "deleted" };
}

/** Under the first run's id, so that what that has made is made no second time: its disks, or the whole VM. */
function* restored({ run, captureId }: CaptureScope): Durable<RestoreResult> {
  const plan = yield* planRestore(run, captureId);
  const order = { run, restoreId: captureId, captureId, plan };
  const disks = newDisks(order);
  const standsOn = (id: string) => plan.replacedDisks.some((held) => sameResource(held, id));
  if (plan.vmStands && disks.every(({ id }) => standsOn(id))) {
    const had = { ...order, plan: { ...plan, replacedDisks: allDisks(plan.vm).map(({ id }) => id) } };
    return restoreResult(had, disks, yield* startAgain(had, disks));
  }
  yield* restoredDisks(order);
  yield* makeAgain(order, disks);
  return restoreResult(order, disks, yield* startAgain(order, disks));
}
