/** Looks at everything before anything is done: the VM, where it lies, where the image goes; in a dry run the guest too. */
import { inspectVm, lookAtGuest, surveyAzure } from "../contracts/capture-activities.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { checkTarget } from "../contracts/image-activities.js";
import { checkAzure } from "../domain/azure-preflight.js";
import { checkVm } from "../domain/capture-preflight.js";
import { checkGuest } from "../domain/guest/checks.js";
import { traitsOf } from "../domain/image.js";
import type { TargetFacts } from "../domain/image-order.js";
import type { Check } from "../domain/preflight.js";
import { blockedBy, blocking } from "../domain/preflight.js";
import { groupIdOf } from "../domain/resource-id.js";
import type { VmSummary } from "../domain/vm.js";
import type { Durable } from "./durable.js";
import { messageOf } from "./durable.js";
import { finish } from "./operate.js";
import type { Run } from "./run.js";
import { RunEnd, refusal } from "./run.js";
import { demand } from "./wait.js";

export interface Preflight {
  readonly vm: VmSummary;
  readonly facts: TargetFacts;
  readonly checks: readonly Check[];
}

export function* preflight(run: Run, input: CaptureInput): Durable<Preflight> {
  const { request, resumes } = input;
  const runId = resumes ?? input.runId;
  const vm = yield* demand(run, inspectVm, { runId, vmId: request.sourceVmId });
  const { target, image } = request;
  const question = { target, state: image.state, location: vm.location, traits: traitsOf(vm), runId };
  const facts = yield* demand(run, checkTarget, question);
  const checks = [
    ...checkVm(vm, { ...request, resumed: resumes !== undefined }),
    ...(yield* surroundings(run, input, vm)),
    ...facts.checks,
    ...(request.dryRun ? yield* guestChecks(run, input, vm) : []),
  ];
  const blocks = blocking(checks);
  if (blocks.length > 0 && !request.dryRun)
    throw refusal({ code: "VM_NOT_CAPTURABLE", ...blockedBy(blocks) });
  return { vm, facts, checks };
}

function* surroundings(
  run: Run,
  { request, workSubnetId, resumes }: CaptureInput,
  vm: VmSummary,
): Durable<Check[]> {
  const workGroupId = groupIdOf(vm.id, request.workResourceGroup);
  const clones = request.mode === "clone" && request.image.state === "generalized";
  const facts = yield* demand(run, surveyAzure, {
    sourceVmId: vm.id,
    workGroupId,
    location: vm.location,
    // What a former run made is in the account already.
    ...(clones && resumes === undefined ? { size: vm.size } : {}),
    ...(clones && workSubnetId !== undefined ? { subnetId: workSubnetId } : {}),
    regions: request.target.kind === "gallery" ? request.target.regions.map(({ name }) => name) : [],
  });
  return checkAzure({ ...request, workGroupId }, facts);
}

/** A run that changes nothing asks the source's own guest, if it answers: by an action, which leaves nothing behind. */
function* guestChecks(run: Run, { request }: CaptureInput, vm: VmSummary): Durable<readonly Check[]> {
  if (request.image.state === "specialized") return [];
  if (vm.powerState !== "running" || !vm.agentReady)
    return [unasked(`The VM is ${vm.powerState}, its agent ${vm.agentReady ? "ready" : "silent"}.`)];
  try {
    const look = { vmId: vm.id, osType: vm.osType };
    const started = yield* demand(run, lookAtGuest.start, look);
    const { output } = yield* finish(run, lookAtGuest, { ...look, ...started }, started, {
      limitMinutes: 10,
    });
    return checkGuest(vm.osType, output, request.guest);
  } catch (error) {
    if (error instanceof RunEnd && error.status === "cancelled") throw error;
    return [unasked(messageOf(error))];
  }
}

const unasked = (why: string): Check => ({
  id: "guest-answer",
  verdict: "unknown",
  detail: `The guest was not asked: ${why}`,
  remedy: "Start the VM and see that its agent is ready; a capture by clone asks the copy.",
});
