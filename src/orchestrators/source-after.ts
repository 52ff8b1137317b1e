/** What becomes of a source VM that was generalized itself: left as it is, made again from its backup, or deleted. */
import { recallModel, removeSourceVm } from "../contracts/capture-activities.js";
import type { SourceAfter } from "../contracts/capture-run.js";
import type { RestoreResult } from "../contracts/restore-run.js";
import { removeResource } from "../contracts/image-activities.js";
import { abbreviateIds } from "../domain/abbreviate.js";
import { runIdFrom } from "../domain/names.js";
import { sameResource } from "../domain/resource-id.js";
import { allDisks } from "../domain/vm.js";
import { call } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { replaceVm, newDisks, restoreResult, restoredDisks, startRestoredVm } from "./replace-vm.js";
import { operate, operateAll } from "./operate.js";
import { planRestore } from "./plan-restore.js";
import { RunEnd, endOf, note } from "./run.js";
import { wayBack } from "./seal.js";

const DELETION = { limitMinutes: 60 };
const DOOMED_CHARS = 2000;

export function* sourceAfter(scope: CaptureScope): Durable<SourceAfter> {
  const { run, captureId, request, vm } = scope;
  const tell = (detail: string) => note(run, "source", { detail });
  if (request.sourceAfter === "leave") {
    tell(
      `${vm.name} is sealed and cannot start again; this makes it again from its backup: ${wayBack(scope)}`,
    );
    return { state: "sealed", restore: wayBack(scope) };
  }
  if (request.sourceAfter === "restore") {
    const made = yield* restored(scope);
    tell(`${vm.name} was made again from its backup; the disks that were sealed are kept`);
    return { state: "restored", ...made };
  }
  const model = yield* call(run, recallModel, { captureId });
  const goesWith = model?.goesWith ?? [];
  try {
    yield* operate(run, removeSourceVm, { vmId: vm.id }, DELETION);
    // Protected while the capture could still fail; now they go with the VM, as it was set up.
    const removals = goesWith.map((resourceId) => ({ resourceId }));
    yield* operateAll(run, removeResource, removals, DELETION);
  } catch (error) {
    const { status, end } = endOf(error);
    const doomed = abbreviateIds([vm.id, ...goesWith], DOOMED_CHARS).join(", ");
    throw new RunEnd(status, {
      ...end,
      message: `${end.message} These were being deleted; check which of them still exist: ${doomed}.`,
    });
  }
  tell(`${vm.name} was deleted`);
  return { state: "deleted" };
}

/**
 * Restores under an id made of the capture's: disks, or a VM, that an earlier run of it has restored are not made a second
 * time, and a restore that is asked for later makes disks of its own. No run id holds a full stop.
 */
function* restored({ run, captureId }: CaptureScope): Durable<RestoreResult> {
  const plan = yield* planRestore(run, captureId);
  const order = { run, restoreId: runIdFrom(`${captureId}.source`), captureId, plan };
  const disks = newDisks(order);
  const isAttached = (id: string) => plan.replacedDisks.some((held) => sameResource(held, id));
  if (plan.vmExists && disks.every(({ id }) => isAttached(id))) {
    const had = { ...order, plan: { ...plan, replacedDisks: allDisks(plan.vm).map(({ id }) => id) } };
    return restoreResult(had, disks, yield* startRestoredVm(had, disks));
  }
  yield* restoredDisks(order);
  yield* replaceVm(order, disks);
  return restoreResult(order, disks, yield* startRestoredVm(order, disks));
}
