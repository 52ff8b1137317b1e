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
import { RunEnd, isEnd, refusal } from "./run.js";

export interface Looked {
  readonly vm: VmSummary;
  /** What a former run backed up, and proved. */
  readonly backup?: Backup;
  /** Why the VM that was captured in place is not to be asked any more. */
  readonly gone?: RunEnd;
}

/** What Azure gave is kept for a restore, until the backup is proved: from then on it is what was backed up. */
export function* lookAtVm(run: Run, { runId, request, resumes }: CaptureInput): Durable<Looked> {
  const { sourceVmId: vmId, mode } = request;
  const kept = resumes === undefined ? null : yield* call(run, recallCapture, { captureId: resumes });
  if (kept === null) {
    const keep = request.dryRun ? [] : [{ keepAs: resumes ?? runId }];
    const [facts] = yield* callAll<[VmFacts, ...null[]]>(
      run,
      callOf(inspectVm, { vmId }),
      ...keep.map(({ keepAs }) => callOf(keepVm, { vmId, keepAs })),
    );
    return { vm: yield* withParts(run, facts, keep[0]) };
  }
  const { vm, backup } = kept;
  // Whatever became of the VM since: its copies are made from the backup.
  if (mode === "clone") return { vm, backup };
  const now = yield* findVm(run, vmId);
  if (now instanceof RunEnd || now.nature.vmId !== vm.vmId) {
    const gone = now instanceof RunEnd ? now : replaced(now.nature.name);
    const taken = { powerState: "deallocated", agentReady: false, markedGeneralized: true };
    return { vm: { ...vm, ...taken }, backup, gone };
  }
  // A run that goes on with another finds the VM as that one changed it; what it is stays what was backed up.
  const { powerState, agentReady, markedGeneralized, provisioningState } = now.nature;
  return { vm: { ...vm, powerState, agentReady, markedGeneralized, provisioningState }, backup };
}

/** The VM, or the refusal that says that there is none. */
export function* findVm(run: Run, vmId: string): Durable<VmFacts | RunEnd> {
  try {
    return yield* call(run, inspectVm, { vmId });
  } catch (error) {
    if (isEnd(error, "VM_NOT_FOUND")) return error;
    throw error;
  }
}

const replaced = (name: string): RunEnd =>
  refusal({
    code: "VM_REPLACED",
    message: `The VM ${name} is not the one that was captured: it was made anew since.`,
    remedy: "Send a new capture request for it.",
  });

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
