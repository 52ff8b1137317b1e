/**
 * The capture runbook: from a source VM to an image of it. In clone mode the source VM is only read and backed up;
 * everything that could hurt it happens to a working VM made from the backup.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { deallocateVm, inspectVm, markGeneralized } from "../contracts/capture-activities.js";
import type { CaptureInput, CaptureResult } from "../contracts/capture-run.js";
import { CAPTURE_STAGES } from "../contracts/capture-run.js";
import { checkTarget } from "../contracts/image-activities.js";
import type { Backup } from "../domain/backup.js";
import { checkVm } from "../domain/capture-preflight.js";
import { traitsOf } from "../domain/image.js";
import type { MadeImage, TargetFacts } from "../domain/image-order.js";
import type { Check } from "../domain/preflight.js";
import { blocking } from "../domain/preflight.js";
import type { VmSummary } from "../domain/vm.js";
import { backUp } from "./back-up.js";
import type { CaptureScope } from "./capture-scope.js";
import { scopeOf } from "./capture-scope.js";
import { clone, imageSource } from "./clone.js";
import { conclude } from "./conclude.js";
import type { Durable } from "./durable.js";
import { operate } from "./operate.js";
import { register } from "./register.js";
import type { Run } from "./run.js";
import { openRun, refusal, skip, stage } from "./run.js";
import { seal } from "./seal.js";
import { waitForTurn } from "./turn.js";
import { demand } from "./wait.js";

export function* captureImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, CAPTURE_STAGES);
  return yield* conclude(run, () => runbook(run, context.df.getInput<CaptureInput>()));
}

function* runbook(run: Run, input: CaptureInput): Durable<unknown> {
  const { request } = input;
  const { vm, facts, checks } = yield* stage(run, "preflight", () => preflight(run, input));
  if (request.dryRun) return { dryRun: true, checks, plan: { source: vm, request } };
  const scope = scopeOf(run, input, vm);

  yield* stage(run, "queue", () => waitForTurn(run, input.runId, vm, request.whenBusy));
  const backup = yield* stage(run, "backup", () => backUp(scope));
  const sealedVmId = request.image.state === "generalized" ? yield* sealedVm(scope, backup) : undefined;
  if (sealedVmId === undefined) skipSeal(run);
  const image = yield* stage(run, "register", function* () {
    const order = {
      target: request.target,
      location: vm.location,
      state: request.image.state,
      traits: traitsOf(vm),
      source: yield* imageSource(scope, backup, sealedVmId),
      tags: scope.imageTags,
    };
    return yield* register(run, order, facts, request.limits.registerMinutes);
  });
  return resultOf(scope, image, facts, backup);
}

interface Preflight {
  readonly vm: VmSummary;
  readonly facts: TargetFacts;
  readonly checks: readonly Check[];
}

function* preflight(run: Run, { runId, request }: CaptureInput): Durable<Preflight> {
  const vm = yield* demand(run, inspectVm, { runId, vmId: request.sourceVmId });
  const { target, image } = request;
  const question = { target, state: image.state, location: vm.location, traits: traitsOf(vm) };
  const facts = yield* demand(run, checkTarget, question);
  const checks = [...checkVm(vm, request), ...facts.checks];
  const blocks = blocking(checks);
  if (blocks.length > 0 && !request.dryRun)
    throw refusal({
      code: "VM_NOT_CAPTURABLE",
      message: blocks.map((check) => `${check.id}: ${check.detail}`).join(" "),
      remedy: blocks.map((check) => check.remedy ?? "").join(" "),
    });
  return { vm, facts, checks };
}

/** A stopped VM, marked generalized: the working VM, or the source itself where the request says in place. */
function* sealedVm(scope: CaptureScope, backup: Backup): Durable<string> {
  const { run, request } = scope;
  const vmId =
    request.mode === "clone" ? yield* stage(run, "clone", () => clone(scope, backup.disks)) : scope.vm.id;
  if (request.mode === "in-place") skip(run, "clone", "in place: the source VM itself is generalized");
  yield* stage(run, "generalize", () => seal(scope, vmId));
  yield* stage(run, "deallocate", () =>
    operate(run, deallocateVm, { vmId }, { limitMinutes: 60, stage: "deallocate" }),
  );
  yield* stage(run, "capture", () => demand(run, markGeneralized, { vmId }));
  return vmId;
}

function skipSeal(run: Run): void {
  for (const name of ["clone", "generalize", "deallocate", "capture"])
    skip(run, name, "specialized: the image is made from the backup and keeps its identity");
}

function resultOf(
  { request, backupExpires }: CaptureScope,
  image: MadeImage,
  { version }: TargetFacts,
  { kind, ids, consistency }: Backup,
): CaptureResult {
  return {
    image,
    ...(version === undefined ? {} : { version }),
    ...(request.backup.keepDays > 0 ? { backup: { kind, ids, consistency, keptUntil: backupExpires } } : {}),
  };
}
