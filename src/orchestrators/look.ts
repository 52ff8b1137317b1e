/** Looks at a VM: itself first, then its disks and its interface at once, each by a request of its own. */
import {
  inspectDisk,
  inspectInterface,
  inspectVm,
  keepVm,
  recallCapture,
} from "../contracts/capture-activities.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import type { Backup } from "../domain/backup.js";
import type { DiskFacts, VmFacts, VmSummary } from "../domain/vm.js";
import { summaryOf } from "../domain/vm.js";
import { call, callAll } from "./call.js";
import type { Durable } from "./durable.js";
import { callOf } from "./durable.js";
import type { Run } from "./run.js";
import { isEnd } from "./run.js";

/** What stands under the name of a VM that was looked at before. */
export type Standing = "itself" | "another" | "none";

export interface Looked {
  readonly vm: VmSummary;
  /** Of a capture in place that is gone on with: what was backed up, and proved, and what has become of the VM since. */
  readonly begun?: { readonly backup: Backup; readonly standing: Standing };
}

export function* lookAtVm(run: Run, { runId, request, resumes }: CaptureInput): Durable<Looked> {
  const { sourceVmId: vmId, mode } = request;
  const kept = resumes === undefined ? null : yield* call(run, recallCapture, { captureId: resumes });
  if (kept === null)
    return { vm: yield* lookAndKeep(run, vmId, request.dryRun ? undefined : (resumes ?? runId)) };
  const { vm, backup } = kept;
  // Whatever became of the VM since: its copies are made from the backup.
  if (mode === "clone") return { vm };
  const now = yield* ifVmStands(call(run, inspectVm, { vmId }));
  if (now?.nature.vmId !== vm.vmId) {
    // It is judged as the earlier run left it.
    const taken = { powerState: "deallocated", agentReady: false, markedGeneralized: true };
    return { vm: { ...vm, ...taken }, begun: { backup, standing: now === undefined ? "none" : "another" } };
  }
  // A run that goes on with another finds the VM as that one changed it; what it is stays what was backed up.
  const { powerState, agentReady, markedGeneralized, provisioningState } = now.nature;
  return {
    vm: { ...vm, powerState, agentReady, markedGeneralized, provisioningState },
    begun: { backup, standing: "itself" },
  };
}

/** Undefined where there is no such VM: for whoever can go on without. */
export function* ifVmStands<T>(asked: Durable<T>): Durable<T | undefined> {
  try {
    return yield* asked;
  } catch (error) {
    if (isEnd(error, "VM_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** What Azure gave is kept for a restore, until the backup is proved: from then on it is what was backed up. */
function* lookAndKeep(run: Run, vmId: string, keepAs: string | undefined): Durable<VmSummary> {
  const keep = keepAs === undefined ? [] : [{ keepAs }];
  const [facts] = yield* callAll<[VmFacts, ...null[]]>(
    run,
    callOf(inspectVm, { vmId }),
    ...keep.map((under) => callOf(keepVm, { vmId, ...under })),
  );
  return yield* withParts(run, facts, keep[0]);
}

function* withParts(run: Run, vm: VmFacts, keep: { readonly keepAs?: string } = {}): Durable<VmSummary> {
  const { disks, interfaceId } = vm;
  const asked = disks.flatMap(({ id: diskId, lun }) =>
    diskId === undefined ? [] : [callOf(inspectDisk, { diskId, lun, ...keep })],
  );
  if (interfaceId === undefined)
    return summaryOf(vm, yield* callAll<readonly DiskFacts[]>(run, ...asked), false);
  const [{ accelerated }, ...facts] = yield* callAll<[{ accelerated: boolean }, ...DiskFacts[]]>(
    run,
    callOf(inspectInterface, { interfaceId }),
    ...asked,
  );
  return summaryOf(vm, facts, accelerated);
}
