/** The acts of the capture runbook: each decodes, calls one port, encodes. */
import * as refs from "../contracts/capture-activities.js";
import { decodeGuestResult } from "../domain/guest/guest-result.js";
import { judgeSeal } from "../domain/guest/seal-outcome.js";
import { done, refused } from "../domain/outcome.js";
import { backupProblems, exchangedDisks } from "../domain/proof.js";
import { allDisks } from "../domain/vm.js";
import type { Backups } from "../ports/backups.js";
import type { Guests } from "../ports/guests.js";
import type { RunStore } from "../ports/run-store.js";
import type { SealMarkers } from "../ports/seal-markers.js";
import type { VirtualMachines } from "../ports/virtual-machines.js";
import type { VmHolds } from "../ports/vm-holds.js";
import { savedCapture } from "./run-documents.js";
import { implement, implementOperation, implementOutcome } from "./implement.js";
import type { Registration } from "./implement.js";

export interface CapturePorts {
  readonly vms: VirtualMachines;
  readonly backups: Backups;
  readonly guests: Guests;
  readonly markers: SealMarkers;
  readonly holds: VmHolds;
  readonly runs: RunStore;
}

const SEAL_BEGUN = "seal-begun";

export function captureActivities({
  vms,
  backups,
  guests,
  markers,
  holds,
  runs,
}: CapturePorts): Registration[] {
  return [
    implementOutcome(refs.holdVm, async ({ vmId, runId }) => done(await holds.hold(vmId, runId))),
    implement(refs.releaseVm, async ({ vmId, runId }) => {
      await holds.release(vmId, runId);
      return null;
    }),

    ...implementOperation(refs.createRestorePoint, backups.restorePoint),
    implementOutcome(refs.askBackup, (part) => backups.held(part)),
    implementOutcome(refs.proveBackup, async ({ runId, backup, held, vm, attached }) => {
      const exchanged = attached === undefined ? [] : exchangedDisks(vm, attached);
      const problems = [...backupProblems(vm, held), ...exchanged];
      if (problems.length > 0)
        return refused(
          "BACKUP_UNSOUND",
          `The backup does not match the VM: ${problems.join("; ")}.`,
          "Make sure that no disk is attached, detached or resized during the backup, and start the run again.",
        );
      await savedCapture.save(runs, runId, { vm, backup });
      const gigabytes = allDisks(vm).reduce((sum, { sizeGb }) => sum + sizeGb, 0);
      return done({ summary: `${held.length} disks, ${gigabytes} GiB, ${backup.consistency}` });
    }),

    ...implementOperation(refs.createWorkingVm, vms.workingVm),
    ...implementOperation(refs.deallocateVm, vms.deallocation),
    implementOutcome(refs.askVm, ({ vmId }) => vms.state(vmId)),
    implementOutcome(refs.markGeneralized, ({ vmId }) => vms.markGeneralized(vmId)),

    ...implementOperation(refs.lookAtGuest, guests.look),
    ...implementOperation(refs.askGuest, guests.question),
    implementOutcome(refs.noteSealBegun, async ({ runId }) => {
      await runs.put(runId, SEAL_BEGUN, new Uint8Array());
      return done(null);
    }),
    implementOutcome(refs.startSeal, async (order) => {
      // The URL is a secret: made here, handed to the guest here, and never returned.
      const markerUrl = await markers.uploadUrl(order.runId, order.limitMinutes);
      return guests.seal({ ...order, markerUrl });
    }),
    implementOutcome(refs.askFormerSeal, async ({ runId, power: powerState }) => {
      const begun = (await runs.get(runId, SEAL_BEGUN)) !== undefined;
      const marker = begun ? await markers.read(runId) : undefined;
      const judged = judgeSeal({ runId, marker, powerState, elapsedMs: 0, limitMs: 1 });
      return done({ begun, sealed: judged.state === "sealed" });
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
