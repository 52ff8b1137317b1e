/**
 * The capture runbook: from a source VM to an image of it. In clone mode the source VM is only read and backed up;
 * everything that could hurt it happens to a working VM made from the backup.
 *
 * `stage` is a line of the status that people watch. `resumable` is one that an earlier run may have brought further;
 * `stageUnless` is passed through where it was done. Each stage registers its own undo, on the line above the act.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { deallocateVm, markGeneralized } from "../contracts/capture-activities.js";
import type { CaptureDryRun, CaptureInput, CaptureResult } from "../contracts/capture-run.js";
import { CAPTURE_STAGES } from "../contracts/capture-run.js";
import type { Backup } from "../domain/backup.js";
import { traitsOf } from "../domain/image.js";
import type { MadeImage } from "../domain/image-order.js";
import type { Reached } from "./adopt.js";
import { resumable, stageUnless } from "./adopt.js";
import { concludeAndAnnounce } from "./announce.js";
import { backUp } from "./back-up.js";
import { call } from "./call.js";
import { captureResult, dryRunResult } from "./capture-result.js";
import type { CaptureScope } from "./capture-scope.js";
import { captureScope, workSubnetOf } from "./capture-scope.js";
import { adoptClone, clone, imageSource } from "./clone.js";
import type { Durable } from "./durable.js";
import { operate } from "./operate.js";
import type { Preflight } from "./preflight.js";
import { preflight } from "./preflight.js";
import { priorWork } from "./prior-work.js";
import { register } from "./register.js";
import type { Run } from "./run.js";
import { dropUndo, note, openRun, skip, stage, throwIfCancelled } from "./run.js";
import { seal } from "./seal.js";
import { sourceAfter } from "./source-after.js";
import type { TestBoot } from "./test-boot.js";
import { excludedFromLatest, testAndPromote } from "./test-boot.js";
import { waitForTurn } from "./turn.js";

export function* captureImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, CAPTURE_STAGES);
  const input = context.df.getInput<CaptureInput>();
  const { runId, request, announce } = input;
  const about = { kind: "capture" as const, runId, subject: request.sourceVmId };
  return yield* concludeAndAnnounce(run, announce ? about : undefined, () => runbook(run, input));
}

function* runbook(run: Run, input: CaptureInput): Durable<CaptureResult | CaptureDryRun> {
  const { request } = input;
  const first = yield* stage(run, "preflight", () => preflight(run, input));
  if (request.dryRun) return dryRunResult(input, first);

  const seen = yield* stage(run, "queue", () => inTurn(run, input, first));
  const scope = captureScope(run, input, seen);
  const backup = yield* resumable(scope, "backup", () => backUp(scope));
  const vmId = request.image.state === "generalized" ? yield* generalizedVm(scope, backup) : undefined;
  if (vmId === undefined) skipGeneralizing(run);
  const image = yield* resumable(scope, "register", () => registerImage(scope, backup, vmId));
  scope.checks.push(...(yield* testAndPromote(run, request.target, testBootOf(scope, image))));
  throwIfCancelled(run);

  const result = captureResult(scope, image, backup);
  if (request.mode === "clone") {
    skip(run, "source", "the source VM was only read and backed up");
    return result;
  }
  keepImage(run, image);
  const source = yield* stage(run, "source", () => sourceAfter(scope));
  return { ...result, source };
}

/** The image stays from here on, whatever becomes of the source VM. */
function keepImage(run: Run, { id }: MadeImage): void {
  dropUndo(run, ({ when }) => when === "failure");
  note(run, "register", { detail: id });
}

/** A run that stood in line looks at the VM again: it may have changed meanwhile. */
function* inTurn(run: Run, input: CaptureInput, first: Preflight): Durable<Preflight> {
  const waited = yield* waitForTurn(run, input.runId, first.vm, input.request.whenBusy);
  return waited ? yield* preflight(run, input) : first;
}

/** Generalizes, stops and marks the working VM, or the source VM itself in place; what was done before is not repeated. */
function* generalizedVm(scope: CaptureScope, backup: Backup): Durable<string> {
  const { run, request } = scope;
  const prior = yield* priorWork(scope);
  if (request.mode === "in-place") skip(run, "clone", "in place: the source VM itself is generalized");
  const vmId =
    request.mode === "in-place"
      ? scope.vm.id
      : yield* resumable(scope, "clone", function* () {
          return prior.sealed ? adoptClone(scope, backup) : yield* clone(scope, backup);
        });
  yield* stageUnless(prior.sealed, scope, "generalize", () => seal(scope, vmId));
  if (prior.sealedByOthers) skip(run, "generalize", "the source VM was marked generalized before");
  yield* stageUnless(prior.deallocated, scope, "deallocate", () =>
    operate(run, deallocateVm, { vmId }, { limitMinutes: 60, stage: "deallocate" }),
  );
  yield* stageUnless(prior.markedGeneralized, scope, "capture", () => call(run, markGeneralized, { vmId }));
  return vmId;
}

function skipGeneralizing(run: Run): void {
  for (const name of ["clone", "generalize", "deallocate", "capture"])
    skip(run, name, "specialized: the image is made from the backup and keeps its identity");
}

function* registerImage(
  scope: CaptureScope,
  backup: Backup,
  generalizedVmId: string | undefined,
): Durable<Reached<MadeImage>> {
  const { run, request, vm, target } = scope;
  const source = yield* imageSource(scope, backup, generalizedVmId);
  const order = {
    target: request.testBoot ? excludedFromLatest(request.target) : request.target,
    location: vm.location,
    state: request.image.state,
    traits: traitsOf(vm),
    source: source.value,
    tags: scope.imageTags,
  };
  const value = yield* register(run, order, target, request.limits.registerMinutes);
  return { value, adopted: source.adopted && target.earlierImage === "sound" };
}

function testBootOf(scope: CaptureScope, image: MadeImage): TestBoot | undefined {
  const { formerRuns, names, request, runId, vm, workTags } = scope;
  if (!request.testBoot) return undefined;
  return {
    runId,
    vmId: names.testVmId,
    image,
    location: vm.location,
    size: vm.size,
    state: request.image.state,
    traits: traitsOf(vm),
    keepUsers: request.guest.keepUsers,
    subnetId: workSubnetOf(scope),
    tags: workTags,
    again: formerRuns !== undefined,
  };
}
