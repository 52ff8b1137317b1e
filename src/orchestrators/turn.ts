/** One capture or restore of a VM at a time, in the order in which they came. Who holds it is on the board of who waits. */
import { holdVm, releaseEnded, releaseVm } from "../contracts/capture-activities.js";
import type { VmSummary } from "../domain/vm.js";
import { call } from "./call.js";
import type { Durable } from "./durable.js";
import { callActivity, nowMs } from "./durable.js";
import type { Run } from "./run.js";
import { note, refusal } from "./run.js";
import { keepWaiting } from "./wait.js";

/** Two days in line: longer than the longest capture that the limits of a request allow. */
const LINE_LIMIT_MINUTES = 2880;

/** A holder that was ended from outside never lets go: each is looked after when it is met, then every so many tries. */
const LOOKED_AFTER_EVERY = 5;

/** @returns whether the run had to stand in line: what it saw of the VM before may have changed. */
export function* waitForTurn(
  run: Run,
  runId: string,
  vm: VmSummary,
  whenBusy: "wait" | "refuse" = "wait",
): Durable<boolean> {
  const hold = { vmId: vm.id, runId };
  const sinceMs = nowMs(run.context);
  run.undo.push({
    when: "exit",
    resources: [`the hold on ${vm.name}`],
    release: function* () {
      yield* callActivity(run.context, releaseVm, hold);
    },
  });
  let lookedAfter = "";
  for (let waits = 0; ; waits += 1) {
    const { heldBy, ahead } = yield* call(run, holdVm, hold);
    if (heldBy === runId) {
      if (waits > 0) note(run, "queue", { detail: "its turn has come; inspecting the VM again" });
      return waits > 0;
    }
    if (heldBy !== lookedAfter || waits % LOOKED_AFTER_EVERY === 0) {
      lookedAfter = heldBy;
      const released = yield* callActivity(run.context, releaseEnded, { vmId: vm.id, heldBy });
      if (released) continue;
    }
    if (whenBusy === "refuse")
      throw refusal({
        code: "VM_BUSY",
        message: `Run ${heldBy} is working on ${vm.name}.`,
        remedy: 'Send the request again when that run has ended, or use "whenBusy": "wait".',
      });
    const between = ahead > 1 ? `; ${ahead - 1} in line before this one` : "";
    note(run, "queue", { detail: `waiting for run ${heldBy}, which is working on ${vm.name}${between}` });
    yield* keepWaiting(run, "The turn for this VM", sinceMs, LINE_LIMIT_MINUTES);
  }
}
