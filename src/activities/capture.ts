/** The acts of the capture runbook: each decodes, calls one port, encodes. */
import * as refs from "../contracts/capture-activities.js";
import type { GuestLook, GuestQuestion } from "../domain/guest-orders.js";
import { decodeGuestResult } from "../domain/guest/guest-result.js";
import { judgeSeal } from "../domain/guest/seal-outcome.js";
import { done, refused } from "../domain/outcome.js";
import { backupProblems } from "../domain/proof.js";
import type { Backups } from "../ports/backups.js";
import type { Guests } from "../ports/guests.js";
import type { RunStore } from "../ports/run-store.js";
import type { SealMarkers } from "../ports/seal-markers.js";
import type { Surroundings } from "../ports/surroundings.js";
import type { VirtualMachines } from "../ports/virtual-machines.js";
import type { VmHolds } from "../ports/vm-holds.js";
import { savedBackup, savedVm } from "./run-documents.js";
import { implement, implementOperation, implementOutcome } from "./implement.js";
import type { Registration } from "./implement.js";

export interface CapturePorts {
  readonly vms: VirtualMachines;
  readonly backups: Backups;
  readonly guests: Guests;
  readonly surroundings: Surroundings;
  readonly markers: SealMarkers;
  readonly holds: VmHolds;
  readonly runs: RunStore;
}

/** Written before a guest is asked to seal itself: whoever goes on with the run knows that it may have been changed. */
const SEAL_BEGUN = "seal-begun";

export function captureActivities({
  vms,
  backups,
  guests,
  surroundings,
  markers,
  holds,
  runs,
}: CapturePorts): Registration[] {
  return [
    implementOutcome(refs.inspectVm, async ({ runId, vmId }) => {
      const found = await vms.inspect(vmId);
      if (found.status !== "done") return found;
      const now = found.value.summary;
      // A run that goes on with another finds the VM as that one changed it; what it is stays what was backed up.
      const saved = (await savedVm.saveOnce(runs, runId, found.value)).summary;
      if (saved.vmId !== now.vmId) return done(now);
      const { powerState, agentReady, markedGeneralized } = now;
      return done({ ...saved, powerState, agentReady, markedGeneralized });
    }),

    implementOutcome(refs.holdVm, async ({ vmId, runId }) => done({ heldBy: await holds.hold(vmId, runId) })),
    implement(refs.releaseVm, async ({ vmId, runId }) => {
      await holds.release(vmId, runId);
      return null;
    }),

    ...implementOperation(refs.createRestorePoint, backups.restorePoint),
    ...implementOperation(refs.createSnapshot, backups.snapshot),
    ...implementOperation(refs.createDisk, backups.disk),
    implementOutcome(refs.proveBackup, async ({ runId, backup, vm }) => {
      const held = await backups.held(backup);
      if (held.status !== "done") return held;
      const problems = backupProblems(vm, held.value);
      if (problems.length > 0)
        return refused(
          "BACKUP_UNSOUND",
          `The backup does not hold the VM: ${problems.join("; ")}.`,
          "See that no disk was attached, detached or resized meanwhile, and start the run again.",
        );
      await savedBackup.save(runs, runId, backup);
      const gigabytes = held.value.reduce((sum, disk) => sum + disk.sizeGb, 0);
      return done({ summary: `${held.value.length} disks, ${gigabytes} GiB, ${backup.consistency}` });
    }),

    ...implementOperation(refs.createWorkingVm, vms.workingVm),
    ...implementOperation(refs.deallocateVm, vms.deallocation),
    implementOutcome(refs.askVm, ({ vmId }) => vms.state(vmId)),
    implementOutcome(refs.markGeneralized, ({ vmId }) => vms.markGeneralized(vmId)),

    implementOutcome(refs.surveyAzure, (question) => surroundings.survey(question)),
    ...implementOperation<GuestLook, { output: string }>(refs.lookAtGuest, guests.look),
    ...implementOperation<GuestQuestion, { output: string }>(refs.askGuest, guests.question),
    implementOutcome(refs.startSeal, async (order) => {
      await runs.put(order.runId, SEAL_BEGUN, new Uint8Array());
      // The invitation is a secret: made here, handed to the guest here, and never returned.
      const markerUrl = await markers.invite(order.runId, order.limitMinutes);
      return guests.seal({ ...order, markerUrl });
    }),
    implementOutcome(refs.askFormerSeals, async ({ vmId, runIds }) => {
      const state = await vms.state(vmId);
      if (state.status !== "done") return state;
      const found = await Promise.all(
        runIds.map(async (runId) => ({
          begun: (await runs.get(runId, SEAL_BEGUN)) !== undefined,
          judged: judgeSeal({
            runId,
            marker: await markers.read(runId),
            powerState: state.value.power,
            elapsedMs: 0,
            limitMs: 1,
          }),
        })),
      );
      return done({
        begun: found.some(({ begun }) => begun),
        sealed: found.some(({ judged }) => judged.state === "sealed"),
      });
    }),
    implementOutcome(refs.askSeal, async ({ runId, vmId, elapsedMs, limitMs, sealLog }) => {
      // In this order: the guest writes its marker before it stops.
      const state = await vms.state(vmId);
      if (state.status !== "done") return state;
      const powerState = state.value.power;
      const marker = await markers.read(runId);
      const answer = sealLog === undefined ? undefined : decodeGuestResult(sealLog);
      const log = answer?.ok === true ? { sealLog: answer.value } : {};
      return done(judgeSeal({ runId, marker, powerState, elapsedMs, limitMs, ...log }));
    }),
  ];
}
