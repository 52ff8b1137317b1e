/**
 * Generalizes the guest: looks at it first, starts its script detached, and asks until the VM is stopped *and* the
 * guest's own marker says so, or the clock of this VM runs out. Never a fixed sleep, never the agent's word.
 */
import { askGuest, askSeal, noteSealBegun, startSeal } from "../contracts/capture-activities.js";
import { guestCommandId } from "../domain/names.js";
import { checkGuest } from "../domain/guest/checks.js";
import type { SealLimit } from "../domain/guest/seal-limit.js";
import { sealLimit } from "../domain/guest/seal-limit.js";
import type { SealFailure } from "../domain/guest/seal-outcome.js";
import { judgeStart } from "../domain/guest/seal-start.js";
import { nextPollSeconds } from "../domain/polling.js";
import type { GuestQuestion } from "../domain/guest-orders.js";
import { guestContext } from "../domain/guest-orders.js";
import type { Check } from "../domain/preflight.js";
import { blockedBy, blocking } from "../domain/preflight.js";
import { vCpusOf } from "../domain/vm.js";
import { call } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { nowMs } from "./durable.js";
import { operate } from "./operate.js";
import { RunEnd, isEnd, note, refusal } from "./run.js";
import { pause } from "./wait.js";

export function* seal(scope: CaptureScope, vmId: string): Durable<void> {
  const { run, request, runId, vm } = scope;
  const inPlace = vmId === vm.id;
  // The working VM takes its commands with it; the source VM would keep them.
  if (inPlace) run.undo.push({ when: "exit", resources: sealCommands(vmId, runId) });
  const checks = yield* guestPreflight(scope, vmId);
  if (inPlace) run.wayBack = wayBack(scope);
  const { minutes: limitMinutes, reasons } = limitOf(scope, checks);
  note(run, "generalize", { detail: `sealing; at most ${limitMinutes} minutes (${reasons.join("; ")})` });
  yield* call(run, noteSealBegun, { runId });
  yield* call(run, startSeal, {
    runId,
    vmId,
    inPlace,
    location: vm.location,
    osType: vm.osType,
    guest: request.guest,
    tags: scope.workTags,
    limitMinutes,
  });
  const removed = yield* untilSealed(scope, vmId, limitMinutes * 60_000);
  note(run, "generalize", {
    detail: removed.length === 0 ? "sealed" : `sealed; removed: ${removed.join(", ")}`,
  });
}

/** @returns the users that were removed. */
function* untilSealed(scope: CaptureScope, vmId: string, limitMs: number): Durable<readonly string[]> {
  const { run, runId } = scope;
  const beganMs = nowMs(run.context);
  let started = false;
  for (;;) {
    const elapsedMs = nowMs(run.context) - beganMs;
    const sealLog = elapsedMs >= limitMs ? yield* readSealLog(scope, vmId) : undefined;
    const question = { runId, vmId, elapsedMs, limitMs, ...(sealLog === undefined ? {} : { sealLog }) };
    const judged = yield* call(run, askSeal, question);
    if (judged.state === "sealed") return judged.removedUsers;
    if (judged.state === "failed") throw failedSeal(judged);
    if (!started) started = yield* hasStarted(scope, vmId);
    yield* pause(run, Math.min(nextPollSeconds(elapsedMs / 1000), Math.max(1, (limitMs - elapsedMs) / 1000)));
  }
}

/** A script that refused or broke will never seal; its start alone proves nothing. */
function* hasStarted({ run, runId }: CaptureScope, vmId: string): Durable<boolean> {
  const said = judgeStart(yield* call(run, askGuest.ask, { input: { vmId, script: "seal", runId } }));
  if (typeof said === "object") throw failedSeal(said);
  return said === "started";
}

const failedSeal = ({ cause, message, remedy, logExcerpt }: SealFailure): RunEnd =>
  new RunEnd("failed", {
    code: `SEAL_${cause}`,
    message,
    remedy,
    ...(logExcerpt === "" ? {} : { excerpt: logExcerpt }),
  });

/** The Run Command resources that a run may leave on a VM that it sealed. */
export const sealCommands = (vmId: string, runId: string): string[] =>
  ["preflight", "seal", "seal-log"].map((script) => guestCommandId(vmId, script, runId));

export const wayBack = ({ captureId }: CaptureScope): string => `POST /api/captures/${captureId}/restore`;

/** As requested, or by what the VM is. Staged updates lengthen Sysprep; a guest that does not tell is taken to have some. */
function limitOf({ request, vm }: CaptureScope, checks: readonly Check[]): SealLimit {
  const { sealMinutes } = request.limits;
  if (sealMinutes !== undefined) return { minutes: sealMinutes, reasons: ["as requested"] };
  const updatesPending = checks.find(({ id }) => id === "pending-reboot")?.verdict !== "pass";
  const { osType, size, osDisk } = vm;
  return sealLimit({ osType, vCpus: vCpusOf(size), diskGiB: osDisk.sizeGb, updatesPending });
}

/** Whatever keeps the guest from being generalized is named now, not after hours. */
function* guestPreflight(scope: CaptureScope, vmId: string): Durable<readonly Check[]> {
  const { run, request, vm } = scope;
  note(run, "generalize", { detail: "inspecting the guest" });
  const question = questionOf(scope, vmId, "preflight");
  const { output } = yield* operate(run, askGuest, question, { limitMinutes: 30 });
  const checks = checkGuest(vm.osType, output, guestContext(request.guest, vm));
  scope.checks.push(...checks);
  const blocks = blocking(checks);
  if (blocks.length === 0) return checks;
  throw refusal({ code: "GUEST_NOT_GENERALIZABLE", ...blockedBy(blocks) });
}

/** The guest's own log, which names the cause when the clock has run out; "" where the guest does not answer. */
function* readSealLog(scope: CaptureScope, vmId: string): Durable<string> {
  try {
    const question = questionOf(scope, vmId, "seal-log");
    return (yield* operate(scope.run, askGuest, question, { limitMinutes: 10 })).output;
  } catch (error) {
    if (isEnd(error, "CANCELLED")) throw error;
    return "";
  }
}

const questionOf = (
  { runId, vm: { osType, location }, workTags: tags }: CaptureScope,
  vmId: string,
  script: GuestQuestion["script"],
): GuestQuestion => ({ vmId, osType, location, script, runId, tags });
