/**
 * Generalizes the guest: looks at it first, starts its script detached, and asks until the VM is stopped *and* the
 * guest's own marker says so, or the clock of this VM runs out. Never a fixed sleep, never the agent's word.
 */
import { askGuest, askSeal, startSeal } from "../contracts/capture-activities.js";
import { checkGuest } from "../domain/guest/checks.js";
import { blocking } from "../domain/preflight.js";
import { sealLimitMinutes } from "../domain/seal-limit.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { call, nowMs } from "./durable.js";
import { accept, note, operate, pause, refusal } from "./run.js";
import { nextPollSeconds } from "../domain/polling.js";
import { RunEnd } from "./run.js";

export function* seal(scope: CaptureScope, vmId: string): Durable<void> {
  const { run, request, runId, vm } = scope;
  yield* guestPreflight(scope, vmId);
  const limitMinutes = request.limits.sealMinutes ?? sealLimitMinutes(vm);
  const order = { runId, vm, vmId, guest: request.guest, limitMinutes };
  note(run, "generalize", { detail: `sealing; at most ${limitMinutes} minutes` });
  accept(yield* call(run.context, startSeal, order));
  const beganMs = nowMs(run.context);
  for (;;) {
    const elapsedMinutes = (nowMs(run.context) - beganMs) / 60_000;
    const judged = accept(yield* call(run.context, askSeal, { ...order, elapsedMinutes }));
    if (judged.state === "sealed") return;
    if (judged.state === "failed")
      throw new RunEnd("failed", {
        code: `SEAL_${judged.cause}`,
        message: judged.message,
        remedy: judged.remedy,
      });
    yield* pause(run, nextPollSeconds(elapsedMinutes * 60));
  }
}

/** What in the guest would keep it from being generalized is named now, not after hours. */
function* guestPreflight({ run, request, runId, vm }: CaptureScope, vmId: string): Durable<void> {
  note(run, "generalize", { detail: "looking at the guest" });
  const { output } = yield* operate(
    run,
    askGuest,
    { vmId, osType: vm.osType, script: "preflight", name: "vmimage-preflight", runId },
    { limitMinutes: 30 },
  );
  const checks = checkGuest(vm.osType, output, request.guest);
  const blocks = blocking(checks);
  if (blocks.length === 0) return;
  throw refusal({
    code: "GUEST_NOT_GENERALIZABLE",
    message: blocks.map((check) => `${check.id}: ${check.detail}`).join(" "),
    remedy: blocks.map((check) => check.remedy ?? "").join(" "),
  });
}
