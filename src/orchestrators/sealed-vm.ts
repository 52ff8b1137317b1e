/** From a backup to a stopped VM, marked generalized; what a former run has done of it is not done again. */
import { askFormerSeal, askVm, deallocateVm, markGeneralized } from "../contracts/capture-activities.js";
import { removeResource } from "../contracts/image-activities.js";
import type { Backup } from "../domain/backup.js";
import type { VmState } from "../domain/vm.js";
import { noteWork, resumable } from "./adopt.js";
import { call, callEach, valueOf } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import { clone, ownClone } from "./clone.js";
import type { Durable } from "./durable.js";
import { operate } from "./operate.js";
import { RunEnd, skip } from "./run.js";
import { seal, sealCommands, wayBack } from "./seal.js";

/** The working VM, or the source itself where the request says in place; whatever that is once its image is made. */
export function* sealedVm(scope: CaptureScope, backup: Backup, isMade: boolean): Durable<string> {
  const { run, request } = scope;
  const found = isMade ? DONE : yield* foundVm(scope);
  if (request.mode === "in-place") goOnInPlace(scope, isMade);
  if (request.mode === "in-place") skip(run, "clone", "in place: the source VM itself is generalized");
  const vmId =
    request.mode === "in-place"
      ? scope.vm.id
      : yield* resumable(scope, "clone", function* () {
          return found.sealed ? ownClone(scope, backup.disks) : yield* clone(scope, backup.disks);
        });
  yield* resumable(scope, "generalize", function* () {
    if (!found.sealed) yield* seal(scope, vmId);
  });
  if (found.byOthers) skip(run, "generalize", "the source VM was marked generalized before");
  yield* resumable(scope, "deallocate", function* () {
    if (found.power === "deallocated") return;
    noteWork(scope);
    yield* operate(run, deallocateVm, { vmId }, { limitMinutes: 60, stage: "deallocate" });
  });
  yield* resumable(scope, "capture", function* () {
    if (found.markedGeneralized) return;
    noteWork(scope);
    yield* call(run, markGeneralized, { vmId });
  });
  return vmId;
}

interface Found {
  readonly sealed: boolean;
  /** Whoever marked the source VM generalized has sealed it: it can never start again, for a seal of ours or any other. */
  readonly byOthers?: boolean;
  readonly power?: string;
  readonly markedGeneralized?: boolean;
}

const DONE: Found = { sealed: true, power: "deallocated", markedGeneralized: true };

/** What former runs left in the source VM is this one's to remove, and so is what they changed to tell of. */
function goOnInPlace(scope: CaptureScope, isMade: boolean): void {
  const { run, former, vm } = scope;
  if (isMade) run.wayBack = wayBack(scope);
  if (former)
    run.undo.push({ when: "exit", resources: former.runs.flatMap((runId) => sealCommands(vm.id, runId)) });
}

/** How the VM that is to be sealed was left, by former runs or by whoever else. */
function* foundVm(scope: CaptureScope): Durable<Found> {
  const { run, former, request, names, vm } = scope;
  const inPlace = request.mode === "in-place";
  const vmId = inPlace ? vm.id : names.workingVmId;
  const state = former === undefined ? undefined : yield* ifThere(scope, vmId);
  const marked = inPlace && vm.markedGeneralized;
  if (former === undefined || state === undefined)
    return marked
      ? { sealed: true, byOthers: true, power: vm.powerState, markedGeneralized: true }
      : { sealed: false };
  const asked = former.runs.map((runId) => ({ runId, power: state.power }));
  const seals = (yield* callEach(run, askFormerSeal, asked)).map(valueOf);
  const begun = seals.some((seal) => seal.begun);
  const sealed = seals.some((seal) => seal.sealed);
  if (inPlace && begun) run.wayBack = wayBack(scope);
  if (sealed || marked) return { ...state, sealed: true };
  // A guest whose seal failed is not sound. A clone is made anew; the source has no second.
  if (!inPlace && (begun || state.broken))
    yield* operate(run, removeResource, { resourceId: vmId }, { limitMinutes: 60 });
  return { sealed: false };
}

function* ifThere({ run }: CaptureScope, vmId: string): Durable<VmState | undefined> {
  try {
    return yield* call(run, askVm, { vmId });
  } catch (error) {
    if (error instanceof RunEnd && error.end.code === "VM_NOT_FOUND") return undefined;
    throw error;
  }
}
