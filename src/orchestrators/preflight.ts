/** Looks at everything before anything is done: the VM, where it lies, where the image goes; in a dry run the guest too. */
import { lookAtGuest, surveyAzure } from "../contracts/capture-activities.js";
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { CaptureInput } from "../contracts/capture-run.js";
import { checkTarget } from "../contracts/image-activities.js";
import type { Backup } from "../domain/backup.js";
import { checkAzure } from "../domain/azure-preflight.js";
import { checkVm } from "../domain/capture-preflight.js";
import { checkGuest } from "../domain/guest/checks.js";
import { guestContext } from "../domain/guest-orders.js";
import { imageDisks, traitsOf } from "../domain/image.js";
import { namedSets, setsOf } from "../domain/image-keys.js";
import type { TargetFacts } from "../domain/image-order.js";
import type { Check } from "../domain/preflight.js";
import { blockedBy, blocking } from "../domain/preflight.js";
import { groupIdOf } from "../domain/resource-id.js";
import type { SurveyAnswer, SurveySpec } from "../domain/survey.js";
import { narrowerQuestions, surveyQuestions } from "../domain/survey.js";
import type { VmSummary } from "../domain/vm.js";
import { allDisks } from "../domain/vm.js";
import { chosenSubnet } from "../domain/work-subnet.js";
import { call, callAll, callEach, valueOf } from "./call.js";
import type { Durable } from "./durable.js";
import { callOf, messageOf } from "./durable.js";
import type { Standing } from "./look.js";
import { lookAtVm } from "./look.js";
import { finish } from "./operate.js";
import type { Run, RunEnd } from "./run.js";
import { isEnd, refusal } from "./run.js";

export interface Preflight {
  readonly vm: VmSummary;
  readonly target: TargetFacts;
  readonly checks: readonly Check[];
  /** Where VMs of ours are made, as far as a subnet was found; a run that makes any is refused without one. */
  readonly workSubnetId: string | undefined;
  /** What an earlier run has made the image from, in place: nothing before the image is to be done again. */
  readonly imageMadeFrom?: Backup;
}

export function* preflight(run: Run, input: CaptureInput): Durable<Preflight> {
  const { request, resumes } = input;
  const { vm, begun } = yield* lookAtVm(run, input);
  const { image, target: wanted } = request;
  const spec = specOf(input, vm);
  const question = {
    target: wanted,
    state: image.state,
    location: vm.location,
    traits: traitsOf(vm),
    encryptionSetIds: setsOf(imageDisks(vm, image.kind)),
  };
  const [target, ...answers] = yield* callAll<[TargetFacts, ...SurveyAnswer[]]>(
    run,
    callOf(checkTarget, { ...question, runId: resumes ?? input.runId }),
    ...surveyQuestions(spec).map((one) => callOf(surveyAzure, one)),
  );
  const imageMadeFrom = target.earlierImage === "sound" ? begun?.backup : undefined;
  const mayStand = imageMadeFrom === undefined ? ITSELF : MAY_STAND_AFTERWARDS[request.sourceAfter];
  if (begun && !mayStand.includes(begun.standing)) throw gone(vm, begun.standing);
  const narrower = (yield* callEach(run, surveyAzure, narrowerQuestions(spec, answers))).map(valueOf);
  const checks = [
    ...checkVm(vm, { ...request, resumed: spec.resumed }),
    ...checkAzure(spec, [...answers, ...narrower]),
    ...target.checks,
    ...(request.dryRun ? yield* guestChecks(run, input, vm) : []),
  ];
  const blocks = blocking(checks);
  if (blocks.length > 0 && !request.dryRun)
    throw refusal({ code: "VM_NOT_CAPTURABLE", ...blockedBy(blocks) });
  const subnets = answers.filter((answer) => answer.ask === "subnet");
  const workSubnetId = chosenSubnet(vm.location, subnets)?.subnetId;
  return { vm, target, checks, workSubnetId, ...(imageMadeFrom ? { imageMadeFrom } : {}) };
}

const specOf = ({ request, resumes, workSubnetIds }: CaptureInput, vm: VmSummary): SurveySpec => ({
  ...request,
  workGroupId: groupIdOf(vm.id, request.workResourceGroup),
  subnetIds: workSubnetIds,
  encryptionSetIds: [...new Set([...setsOf(allDisks(vm)), ...namedSets(request.target)])],
  location: vm.location,
  size: vm.size,
  zones: vm.zones,
  resumed: resumes !== undefined,
});

const ITSELF: readonly Standing[] = ["itself"];

/**
 * What may stand under the source VM's name once the image is made: a former run may have failed while it took the VM
 * away. What stands in its place only a restore can judge.
 */
const MAY_STAND_AFTERWARDS: Readonly<Record<CaptureRequest["sourceAfter"], readonly Standing[]>> = {
  leave: ITSELF,
  delete: ["itself", "none"],
  restore: ["itself", "none", "another"],
};

const gone = ({ name }: VmSummary, standing: Standing): RunEnd =>
  standing === "another"
    ? refusal({
        code: "VM_REPLACED",
        message: `The VM ${name} is not the one that was captured: it was created again since.`,
        remedy: "Send a new capture request for it.",
      })
    : refusal({
        code: "VM_NOT_FOUND",
        message: `The VM ${name} no longer exists, and this in-place capture cannot continue without it.`,
        remedy: "Restore it from its backup, then send a new capture request.",
      });

/** A run that changes nothing asks the source's own guest, if it answers: by an action, which leaves nothing behind. */
function* guestChecks(run: Run, { request }: CaptureInput, vm: VmSummary): Durable<readonly Check[]> {
  if (request.image.state === "specialized") return [];
  if (vm.powerState !== "running" || !vm.agentReady)
    return [unasked(`The VM is ${vm.powerState}, its agent ${vm.agentReady ? "ready" : "not responding"}.`)];
  try {
    const look = { vmId: vm.id, osType: vm.osType };
    const started = yield* call(run, lookAtGuest.start, look);
    const { output } = yield* finish(run, lookAtGuest, { ...look, ...started }, started, {
      limitMinutes: 10,
    });
    return checkGuest(vm.osType, output, guestContext(request.guest, vm));
  } catch (error) {
    if (isEnd(error, "CANCELLED")) throw error;
    return [unasked(messageOf(error))];
  }
}

const unasked = (why: string): Check => ({
  id: "guest-answer",
  verdict: "unknown",
  detail: `The guest was not inspected: ${why}`,
  remedy: "Start the VM and make sure that its agent is ready. A capture by clone inspects the copy instead.",
});
