/** How far earlier runs, or somebody else, have brought the VM that is to be generalized. */
import { askFormerSeal, askVm } from "../contracts/capture-activities.js";
import { removeResource } from "../contracts/image-activities.js";
import { call, callEach, valueOf } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { ifVmStands } from "./look.js";
import { operate } from "./operate.js";
import { sealCommands, wayBack } from "./seal.js";

export interface PriorWork {
  readonly sealed: boolean;
  /** Somebody marked the source VM generalized before: it can never start again, so it is captured as it is. */
  readonly sealedByOthers: boolean;
  readonly deallocated: boolean;
  readonly markedGeneralized: boolean;
}

const NONE: PriorWork = {
  sealed: false,
  sealedByOthers: false,
  deallocated: false,
  markedGeneralized: false,
};
const ALL: PriorWork = { sealed: true, sealedByOthers: false, deallocated: true, markedGeneralized: true };

export function* priorWork(scope: CaptureScope): Durable<PriorWork> {
  const { run, formerRuns, request, names, vm } = scope;
  const inPlace = request.mode === "in-place";
  // What earlier runs left in the source VM is this one's to remove; a working VM takes it along when it goes.
  if (inPlace && formerRuns)
    run.undo.push({ when: "exit", resources: formerRuns.flatMap((runId) => sealCommands(vm.id, runId)) });
  if (scope.imageMadeFrom !== undefined) {
    run.wayBack = wayBack(scope);
    return ALL;
  }
  const vmId = inPlace ? vm.id : names.workingVmId;
  const state = formerRuns === undefined ? undefined : yield* ifVmStands(call(run, askVm, { vmId }));
  const marked = inPlace && vm.markedGeneralized;
  if (formerRuns === undefined || state === undefined)
    return marked ? { ...ALL, sealedByOthers: true, deallocated: vm.powerState === "deallocated" } : NONE;

  const asked = formerRuns.map((runId) => ({ runId, power: state.power }));
  const seals = (yield* callEach(run, askFormerSeal, asked)).map(valueOf);
  const begun = seals.some((seal) => seal.begun);
  if (inPlace && begun) run.wayBack = wayBack(scope);
  if (marked || seals.some((seal) => seal.sealed)) {
    const { power, markedGeneralized } = state;
    return { ...NONE, sealed: true, deallocated: power === "deallocated", markedGeneralized };
  }
  // A guest whose seal failed is not sound. A clone is made anew; the source has no second.
  if (!inPlace && (begun || state.broken))
    yield* operate(run, removeResource, { resourceId: vmId }, { limitMinutes: 60 });
  return NONE;
}
