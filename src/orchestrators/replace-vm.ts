/** Makes a source VM again from its backup, in steps so ordered that none of them can lose it. */
import {
  askVm,
  protectVm,
  removeSourceVm,
  restoreDisk,
  restoreVm,
  startVm,
} from "../contracts/capture-activities.js";
import type { RestoreResult } from "../contracts/restore-run.js";
import { abbreviateIds } from "../domain/abbreviate.js";
import { KIND_TAG, RUN_TAG } from "../domain/names.js";
import { nextPollSeconds } from "../domain/polling.js";
import { pairs } from "../domain/pairs.js";
import type { RestorePlan, RestoredVm } from "../domain/restore.js";
import { restoredDiskId } from "../domain/restore.js";
import { allDisks } from "../domain/vm.js";
import { call } from "./call.js";
import type { Durable } from "./durable.js";
import { nowMs } from "./durable.js";
import { finish, operate, operateAll } from "./operate.js";
import type { Run } from "./run.js";
import { RunEnd, dropUndo, endOf } from "./run.js";
import { pause } from "./wait.js";

export interface RestoreOrder {
  readonly run: Run;
  readonly restoreId: string;
  readonly captureId: string;
  readonly plan: RestorePlan;
}

type Disks = RestoredVm["disks"];

/** Their ids, known before they are made. */
export const newDisks = ({ restoreId, plan }: RestoreOrder): Disks =>
  allDisks(plan.vm).map(({ id, lun }) => ({ lun, id: restoredDiskId(restoreId, id, lun) }));

const DISKS_MINUTES = 180;
const VM_MINUTES = 60;
/** A system restored from a backup may check its disks first. */
const AGENT_MINUTES = 15;

/** New disks from the backup, in parallel, each proved whole. They are removed again unless they become the VM's. */
export function* restoredDisks(order: RestoreOrder): Durable<Disks> {
  const { run, restoreId, captureId, plan } = order;
  const { vm, backup } = plan;
  const wanted = newDisks(order);
  const tags = { [RUN_TAG]: restoreId, [KIND_TAG]: "restored" };
  const orders = pairs(allDisks(vm), wanted).flatMap(([{ lun, sizeGb }, { id: diskId }]) =>
    backup.disks
      .filter((source) => source.lun === lun)
      .map((source) => ({ captureId, diskId, source, sizeGb, tags })),
  );
  run.undo.push({ when: "failure", resources: wanted.map(({ id }) => id) });
  yield* operateAll(run, restoreDisk, orders, { limitMinutes: DISKS_MINUTES, stage: "disks" });
  return wanted;
}

/**
 * Deletes the old VM object and makes the VM again. Between the two there is no VM: a cancel waits until one runs, and
 * every error says which disks are where.
 */
export function* replaceVm({ run, captureId, plan }: RestoreOrder, disks: Disks): Durable<void> {
  const vmId = plan.vm.id;
  const limits = { limitMinutes: VM_MINUTES };
  if (plan.vmExists) yield* operate(run, protectVm, { vmId }, limits);
  try {
    if (plan.vmExists) {
      const started = yield* call(run, removeSourceVm.start, { vmId });
      run.cancels = "ignored";
      yield* finish(run, removeSourceVm, { vmId }, started, limits);
    }
    run.cancels = "ignored";
    yield* operate(run, restoreVm, { captureId, vmId, disks }, { ...limits, stage: "replace" });
  } catch (error) {
    // Refused, or cancelled before it began: the VM is as it was, and the new disks go.
    if (error instanceof RunEnd && run.cancels !== "ignored") throw error;
    keep(run, disks);
    const { end } = endWithDisks(error, plan, disks, "was being replaced: look whether it exists");
    const remedy = `${end.remedy} Then restore it again: it is made from the same backup, whether the VM stands or not.`;
    throw new RunEnd("failed", { ...end, remedy });
  }
  keep(run, disks);
}

/** The new disks are the VM's now: they stay, however the run ends. */
const keep = (run: Run, disks: Disks): void =>
  dropUndo(run, ({ resources }) => disks.some(({ id }) => resources.includes(id)));

const said = (ids: readonly string[]) => abbreviateIds(ids, 2000).join(", ");

/** The run's end, with where the VM's disks are. */
function endWithDisks(error: unknown, { vm, replacedDisks }: RestorePlan, disks: Disks, how: string): RunEnd {
  const { status, end } = endOf(error);
  const message =
    `${end.message} The VM object ${vm.name} ${how}. ` +
    `Its restored disks are ${said(disks.map(({ id }) => id))}; ` +
    `the disks it had are kept: ${said(replacedDisks)}; its network interfaces are kept.`;
  return new RunEnd(status, { ...end, message });
}

/** @returns whether the guest's agent reports; a VM without an agent may be well, so its silence is no failure. */
export function* startRestoredVm({ run, plan }: RestoreOrder, disks: Disks): Durable<boolean> {
  const { id: vmId } = plan.vm;
  try {
    yield* operate(run, startVm, { vmId }, { limitMinutes: VM_MINUTES, stage: "start" });
    run.cancels = "heeded";
    return yield* agentReports(run, vmId);
  } catch (error) {
    throw endWithDisks(error, plan, disks, "was made again");
  }
}

function* agentReports(run: Run, vmId: string): Durable<boolean> {
  const beganMs = nowMs(run.context);
  for (;;) {
    if ((yield* call(run, askVm, { vmId })).agentReady) return true;
    const elapsedSeconds = (nowMs(run.context) - beganMs) / 1000;
    if (elapsedSeconds >= AGENT_MINUTES * 60) return false;
    yield* pause(run, nextPollSeconds(elapsedSeconds));
  }
}

/** For each list of disks: Durable allows a status of 16 KB, and a VM may have 65 disks. */
const SHOWN_CHARS = 5500;

export const restoreResult = ({ plan }: RestoreOrder, disks: Disks, agentReady: boolean): RestoreResult => ({
  vmId: plan.vm.id,
  disks: abbreviateIds(
    disks.map(({ id }) => id),
    SHOWN_CHARS,
  ),
  replacedDisks: abbreviateIds(plan.replacedDisks, SHOWN_CHARS),
  warnings: [
    ...plan.warnings,
    ...(agentReady
      ? []
      : ["The VM is running, but its agent does not report yet: check its boot diagnostics."]),
  ],
});
