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
import type { VmSummary } from "../domain/vm.js";
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
  // The working VM takes its commands with it; the source VM would keep them.
  const inPlace = vmId === vm.id;
  if (inPlace)
    run.undo.push({
      when: "exit",
      resources: sealCommands(vmId, runId),
    });
  const checks = yield* guestPreflight(scope, vmId);
  if (inPlace) run.wayBack = wayBack(scope);
  const { sealMinutes } = request.limits;
  const { minutes: limitMinutes, reasons } =
    sealMinutes === undefined ? limitOf(vm, checks) : { minutes: sealMinutes, reasons: ["as requested"] };
  note(run, "generalize", { detail: `sealing; at most ${limitMinutes} minutes (${reasons.join("; ")})` });
  const { osType, location } = vm;
  yield* call(run, noteSealBegun, { runId });
  yield* call(run, startSeal, {
    runId,
    vmId,
    inPlace,
    location,
    osType,
    guest: request.guest,
    tags: scope.workTags,
    limitMinutes,
  });
  const limitMs = limitMinutes * 60_000;
  const beganMs = nowMs(run.context);
  let started = false;
  for (;;) {
    const elapsedMs = nowMs(run.context) - beganMs;
    const sealLog = elapsedMs >= limitMs ? yield* readSealLog(scope, vmId) : undefined;
    const question = { runId, vmId, elapsedMs, limitMs, ...(sealLog === undefined ? {} : { sealLog }) };
    const judged = yield* call(run, askSeal, question);
    if (judged.state === "sealed") {
      note(run, "generalize", { detail: whoIsGone(judged.removedUsers) });
      return;
    }
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

const whoIsGone = (users: readonly string[]): string =>
  users.length === 0 ? "sealed" : `sealed; removed: ${users.join(", ")}`;

const failedSeal = ({ cause, message, remedy, logExcerpt }: SealFailure): RunEnd =>
  new RunEnd("failed", {
    code: `SEAL_${cause}`,
    message,
    remedy,
    ...(logExcerpt === "" ? {} : { excerpt: logExcerpt }),
  });

/** Whatever a run may have left in a VM that it sealed. */
export const sealCommands = (vmId: string, runId: string): string[] =>
  ["preflight", "seal", "seal-log"].map((script) => guestCommandId(vmId, script, runId));

export const wayBack = ({ captureId }: CaptureScope): string => `POST /api/captures/${captureId}/restore`;

/** Staged updates lengthen Sysprep; what the guest does not tell is taken as the worse. */
function limitOf({ osType, size, osDisk }: VmSummary, checks: readonly Check[]): SealLimit {
  const updatesPending = checks.find(({ id }) => id === "pending-reboot")?.verdict !== "pass";
  return sealLimit({ osType, vCpus: vCpusOf(size), diskGiB: osDisk.sizeGb, updatesPending });
}

/** What in the guest would keep it from being generalized is named now, not after hours. */
function* guestPreflight(scope: CaptureScope, vmId: string): Durable<readonly Check[]> {
  const { run, request, vm } = scope;
  note(run, "generalize", { detail: "looking at the guest" });
  const question = questionOf(scope, vmId, "preflight");
  const { output } = yield* operate(run, askGuest, question, { limitMinutes: 30 });
  const checks = checkGuest(vm.osType, output, guestContext(request.guest, vm));
  scope.checks.push(...checks);
  const blocks = blocking(checks);
  if (blocks.length === 0) return checks;
  throw refusal({ code: "GUEST_NOT_GENERALIZABLE", ...blockedBy(blocks) });
}

/** The guest's own log, if it still answers: what names the cause when the clock has run out. */
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
