/**
 * The capture runbook: from a source VM to an image of it. In clone mode the source VM is only read and backed up;
 * everything that could hurt it happens to a working VM made from the backup.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import {
  deallocateVm,
  holdVm,
  inspectVm,
  markGeneralized,
  releaseVm,
} from "../contracts/capture-activities.js";
import { checkTarget } from "../contracts/image-activities.js";
import type { TargetFacts } from "../contracts/image-activities.js";
import type { CaptureInput, CaptureResult } from "../contracts/capture-run.js";
import { CAPTURE_STAGES } from "../contracts/capture-run.js";
import { checkVm } from "../domain/capture-preflight.js";
import { traitsOf } from "../domain/image.js";
import { EXPIRES_TAG, KIND_TAG, RUN_TAG, captureNames } from "../domain/names.js";
import type { Check } from "../domain/preflight.js";
import { blocking } from "../domain/preflight.js";
import type { VmSummary } from "../domain/vm.js";
import { backUp } from "./back-up.js";
import type { CaptureScope } from "./capture-scope.js";
import { clone, imageSource } from "./clone.js";
import { conclude } from "./conclude.js";
import type { Durable } from "./durable.js";
import { call, nowMs } from "./durable.js";
import { register } from "./register.js";
import type { Run } from "./run.js";
import { accept, keepWaiting, note, openRun, operate, refusal, skip, stage } from "./run.js";
import { seal } from "./seal.js";

export function* captureImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, CAPTURE_STAGES);
  return yield* conclude(run, () => runbook(run, context.df.getInput<CaptureInput>()));
}

function* runbook(run: Run, input: CaptureInput): Durable<unknown> {
  const { vm, facts, checks } = yield* stage(run, "preflight", () => preflight(run, input));
  if (input.request.dryRun) return { dryRun: true, checks, plan: planOf(input, vm) };
  const scope = scopeOf(run, input, vm);

  yield* stage(run, "queue", () => waitForTurn(run, input, vm));
  const backup = yield* stage(run, "backup", () => backUp(scope));

  if (input.request.image.state === "specialized") {
    skip(run, "clone", "a specialized image is made from the backup's disks");
    for (const name of ["generalize", "deallocate", "capture"])
      skip(run, name, "the image keeps its identity");
  } else {
    const vmId = yield* workingVm(scope, backup.disks);
    yield* stage(run, "generalize", () => seal(scope, vmId));
    yield* stage(run, "deallocate", () =>
      operate(run, deallocateVm, { vmId }, { limitMinutes: 30, stage: "deallocate" }),
    );
    yield* stage(run, "capture", function* () {
      accept(yield* call(run.context, markGeneralized, { vmId }));
    });
    scope.sealedVmId = vmId;
  }
  const image = yield* stage(run, "register", function* () {
    const order = {
      target: input.request.target,
      location: vm.location,
      state: input.request.image.state,
      traits: traitsOf(vm),
      source: yield* imageSource(scope, backup),
      tags: scope.imageTags,
    };
    return yield* register(run, order, facts, input.request.limits.registerMinutes);
  });
  return result(scope, image, facts, backup);
}

function* preflight(
  run: Run,
  { runId, request }: CaptureInput,
): Durable<{ vm: VmSummary; facts: TargetFacts; checks: readonly Check[] }> {
  const vm = accept(yield* call(run.context, inspectVm, { runId, vmId: request.sourceVmId }));
  const facts = accept(
    yield* call(run.context, checkTarget, {
      target: request.target,
      state: request.image.state,
      location: vm.location,
      traits: traitsOf(vm),
    }),
  );
  const checks = [...checkVm(vm, request), ...facts.checks];
  const [first, ...others] = blocking(checks);
  if (first !== undefined && !request.dryRun)
    throw refusal({
      code: "VM_NOT_CAPTURABLE",
      message: [first, ...others].map((check) => `${check.id}: ${check.detail}`).join(" "),
      remedy: [first, ...others].map((check) => check.remedy ?? "").join(" "),
    });
  return { vm, facts, checks };
}

/** One capture per VM at a time; who holds it is on the board while we wait. */
function* waitForTurn(run: Run, { runId, request }: CaptureInput, vm: VmSummary): Durable<void> {
  const hold = { vmId: vm.id, runId };
  const beganMs = nowMs(run.context);
  run.undo.push({
    when: "exit",
    resources: [`the hold on ${vm.name}`],
    release: function* () {
      yield* call(run.context, releaseVm, hold);
    },
  });
  for (;;) {
    const { heldBy } = accept(yield* call(run.context, holdVm, hold));
    if (heldBy === runId) return;
    if (request.whenBusy === "refuse")
      throw refusal({
        code: "VM_BUSY",
        message: `Run ${heldBy} is capturing ${vm.name}.`,
        remedy: 'Send the request again when that run has ended, or with "whenBusy": "wait".',
      });
    note(run, "queue", { detail: `waiting for run ${heldBy}, which is capturing ${vm.name}` });
    yield* keepWaiting(run, "The turn for this VM", (nowMs(run.context) - beganMs) / 1000, 2880);
  }
}

function* workingVm(scope: CaptureScope, disks: Parameters<typeof clone>[1]): Durable<string> {
  if (scope.request.mode === "clone") return yield* stage(scope.run, "clone", () => clone(scope, disks));
  skip(scope.run, "clone", "in-place: the source VM itself is generalized");
  return scope.vm.id;
}

function scopeOf(run: Run, { runId, request, workSubnetId }: CaptureInput, vm: VmSummary): CaptureScope {
  const expires = new Date(nowMs(run.context) + request.backup.keepDays * 86_400_000).toISOString();
  const tags = { ...request.tags, [RUN_TAG]: runId };
  return {
    run,
    runId,
    request,
    vm,
    names: captureNames(runId, vm, request.workResourceGroup),
    workTags: { ...tags, [KIND_TAG]: "work" },
    backupTags: { ...tags, [KIND_TAG]: "backup", [EXPIRES_TAG]: expires },
    imageTags: { ...tags, [KIND_TAG]: "image" },
    backupExpires: expires,
    ...(workSubnetId === undefined ? {} : { workSubnetId }),
  };
}

const planOf = ({ request }: CaptureInput, vm: VmSummary) => ({
  source: vm.id,
  disks: [{ lun: -1, ...vm.osDisk }, ...vm.dataDisks].map(({ lun, name, sizeGb, caching }) => ({
    lun,
    name,
    sizeGb,
    caching,
  })),
  ...request,
});

function result(
  scope: CaptureScope,
  image: CaptureResult["image"],
  facts: TargetFacts,
  backup: { kind: "restore-point" | "snapshots"; ids: readonly string[]; consistency: string },
): CaptureResult {
  const kept = scope.request.backup.keepDays > 0;
  return {
    image,
    ...(facts.version === undefined ? {} : { version: facts.version }),
    ...(kept
      ? {
          backup: {
            kind: backup.kind,
            ids: backup.ids,
            consistency: backup.consistency,
            keptUntil: scope.backupExpires,
          },
        }
      : {}),
  };
}
