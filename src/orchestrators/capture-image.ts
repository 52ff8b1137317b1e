/**
 * The capture runbook: from a source VM to an image of it. In clone mode the source VM is only read and backed up;
 * everything that could hurt it happens to a working VM made from the backup.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import type { CaptureInput, CaptureResult } from "../contracts/capture-run.js";
import { CAPTURE_STAGES } from "../contracts/capture-run.js";
import type { Backup } from "../domain/backup.js";
import { inBrief } from "../domain/brief.js";
import { capturePlan } from "../domain/capture-plan.js";
import { traitsOf } from "../domain/image.js";
import type { MadeImage } from "../domain/image-order.js";
import { captureNames } from "../domain/names.js";
import { inReport } from "../domain/preflight.js";
import { noteWork, resumable } from "./adopt.js";
import { concludeAndAnnounce } from "./announce.js";
import { backUp } from "./back-up.js";
import type { CaptureScope } from "./capture-scope.js";
import { scopeOf } from "./capture-scope.js";
import { imageSource } from "./clone.js";
import type { Durable } from "./durable.js";
import type { Preflight } from "./preflight.js";
import { preflight } from "./preflight.js";
import { register, versionOf } from "./register.js";
import type { Run } from "./run.js";
import { dropUndo, throwIfCancelled, note, openRun, skip, stage } from "./run.js";
import { sealedVm } from "./sealed-vm.js";
import { sourceAfter } from "./source-after.js";
import type { TestBoot } from "./test-boot.js";
import { excludedFromLatest, testAndPromote } from "./test-boot.js";
import { waitForTurn } from "./turn.js";

/** Durable allows a status of 16 KB; a dry run is little but its report. */
const REPORT_CHARS = 8000;
const WARNINGS_CHARS = 3000;

export function* captureImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, CAPTURE_STAGES);
  const input = context.df.getInput<CaptureInput>();
  const { runId, request, announce } = input;
  const about = { kind: "capture" as const, runId, subject: request.sourceVmId };
  return yield* concludeAndAnnounce(run, announce === true ? about : undefined, () => runbook(run, input));
}

function* runbook(run: Run, input: CaptureInput): Durable<unknown> {
  const { request } = input;
  const first = yield* stage(run, "preflight", () => preflight(run, input));
  if (request.dryRun) return dryRunOf(input, first);

  const { vm, facts, checks, madeFrom } = yield* stage(run, "queue", function* () {
    const stoodInLine = yield* waitForTurn(run, input.runId, first.vm, request.whenBusy);
    return stoodInLine ? yield* preflight(run, input) : first;
  });
  const scope = scopeOf(run, input, vm, checks);
  const backup = yield* resumable(scope, "backup", function* () {
    return madeFrom ?? (yield* backUp(scope));
  });
  const sealedVmId =
    request.image.state === "generalized"
      ? yield* sealedVm(scope, backup, madeFrom !== undefined)
      : undefined;
  if (sealedVmId === undefined) skipSeal(run);
  const image = yield* resumable(scope, "register", function* () {
    if (facts.started !== "sound") noteWork(scope);
    const order = {
      target: request.testBoot ? excludedFromLatest(request.target) : request.target,
      location: vm.location,
      state: request.image.state,
      traits: traitsOf(vm),
      source: yield* imageSource(scope, backup, sealedVmId),
      tags: scope.imageTags,
    };
    return yield* register(run, order, facts, request.limits.registerMinutes);
  });
  scope.checks.push(
    ...(yield* testAndPromote(run, request.target, request.testBoot ? testBootOf(scope, image) : undefined)),
  );
  throwIfCancelled(run);
  const result = resultOf(scope, image, backup);
  if (request.mode === "clone") {
    skip(run, "source", "the source VM was only read and backed up");
    return result;
  }
  // The image is made: whatever becomes of the source VM now, it stays.
  dropUndo(run, ({ when }) => when === "failure");
  note(run, "register", { detail: image.id });
  return { ...result, source: yield* stage(run, "source", () => sourceAfter(scope)) };
}

const testBootOf = (
  { former, names, request, sealId, vm, workTags, workSubnetId }: CaptureScope,
  image: MadeImage,
): TestBoot => ({
  runId: sealId,
  vmId: names.testVmId,
  image,
  location: vm.location,
  size: vm.size,
  state: request.image.state,
  traits: traitsOf(vm),
  keepUsers: request.guest.keepUsers,
  subnetId: workSubnetId,
  tags: workTags,
  again: former !== undefined,
});

const dryRunOf = ({ runId, request }: CaptureInput, { vm, facts, checks }: Preflight) => ({
  dryRun: true,
  plan: capturePlan(request, vm, captureNames(runId, vm, request.workResourceGroup), facts.version),
  checks: inReport(checks, REPORT_CHARS),
});

function skipSeal(run: Run): void {
  for (const name of ["clone", "generalize", "deallocate", "capture"])
    skip(run, name, "specialized: the image is made from the backup and keeps its identity");
}

function resultOf(
  { request, backupExpires, checks }: CaptureScope,
  image: MadeImage,
  { kind, ids, consistency }: Backup,
): CaptureResult {
  const kept = { kind, ids: inBrief(ids, WARNINGS_CHARS), consistency, keptUntil: backupExpires };
  const warnings = checks.filter(({ verdict }) => verdict !== "pass");
  return {
    image,
    ...versionOf(image),
    ...(request.backup.keepDays > 0 ? { backup: kept } : {}),
    checks: inReport(warnings, WARNINGS_CHARS),
  };
}
