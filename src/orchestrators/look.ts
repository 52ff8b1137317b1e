/** Looks at a VM: itself first, then its disks and its interface at once, each by a request of its own. */
import { inspectDisk, inspectInterface, inspectVm, recallCapture } from "../contracts/capture-activities.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import type { DiskFacts, VmFacts, VmSummary } from "../domain/vm.js";
import { summaryOf } from "../domain/vm.js";
import type { Durable } from "./durable.js";
import { callOf } from "./durable.js";
import type { Run } from "./run.js";
import { refusal } from "./run.js";
import { demand, demandAll } from "./wait.js";

/** What Azure gave is kept for a restore, until the backup is proved: from then on it is what was backed up. */
export function* lookAtVm(run: Run, { runId, request, resumes }: CaptureInput): Durable<VmSummary> {
  const { sourceVmId: vmId, mode } = request;
  const kept = resumes === undefined ? null : yield* demand(run, recallCapture, { captureId: resumes });
  if (kept === null) {
    const keep = request.dryRun ? {} : { keepAs: resumes ?? runId };
    return yield* withParts(run, yield* demand(run, inspectVm, { vmId, ...keep }), keep);
  }
  const { nature: now } = yield* demand(run, inspectVm, { vmId });
  if (mode === "in-place" && now.vmId !== kept.vm.vmId)
    throw refusal({
      code: "VM_REPLACED",
      message: `The VM ${now.name} is not the one that was captured: it was made anew since.`,
      remedy: "Send a new capture request for it.",
    });
  // A run that goes on with another finds the VM as that one changed it; what it is stays what was backed up.
  const { powerState, agentReady, markedGeneralized } = now;
  return { ...kept.vm, powerState, agentReady, markedGeneralized };
}

function* withParts(run: Run, vm: VmFacts, keep: { readonly keepAs?: string }): Durable<VmSummary> {
  const { disks, interfaceId } = vm;
  const asked = disks.flatMap(({ id: diskId, lun }) =>
    diskId === undefined ? [] : [callOf(inspectDisk, { diskId, lun, ...keep })],
  );
  if (interfaceId === undefined)
    return summaryOf(vm, yield* demandAll<readonly DiskFacts[]>(run, ...asked), false);
  const [{ accelerated }, ...facts] = yield* demandAll<[{ accelerated: boolean }, ...DiskFacts[]]>(
    run,
    callOf(inspectInterface, { interfaceId }),
    ...asked,
  );
  return summaryOf(vm, facts, accelerated);
}
