/** The acts of a restore: each decodes, calls one port, encodes. */
import * as refs from "../contracts/capture-activities.js";
import { done, refused } from "../domain/outcome.js";
import { backupProblems } from "../domain/proof.js";
import { mayReplace } from "../domain/restore.js";
import { allDisks } from "../domain/vm.js";
import type { Backups } from "../ports/backups.js";
import type { Operation } from "../ports/operation.js";
import type { RunStore } from "../ports/run-store.js";
import type { Modelled, SourceVms } from "../ports/source-vms.js";
import type { VirtualMachines } from "../ports/virtual-machines.js";
import { implementOperation, implementOutcome } from "./implement.js";
import type { Registration } from "./implement.js";
import { savedBackup, savedVm } from "./run-documents.js";

export interface RestorePorts {
  readonly vms: VirtualMachines;
  readonly sources: SourceVms;
  readonly backups: Backups;
  readonly runs: RunStore;
}

export function restoreActivities({ vms, sources, backups, runs }: RestorePorts): Registration[] {
  const nothing = (why: string) =>
    refused(
      "NOTHING_TO_RESTORE",
      why,
      "Name a capture whose backup is still kept; its status says until when.",
    );

  /** Models are large and may hold what need not be told: they go from the store to Azure, and no other way. */
  const modelled = <I extends { captureId: string }>(operation: Operation<Modelled<I>>): Operation<I> => ({
    async start(order) {
      const saved = await savedVm.read(runs, order.captureId);
      if (saved === undefined) return nothing(`Capture ${order.captureId} has kept no model of its VM.`);
      return operation.start({ ...order, model: saved.model });
    },
    ask: ({ input, started }) => operation.ask({ input: { ...input, model: null }, started }),
  });

  return [
    implementOutcome(refs.planRestore, async ({ captureId }) => {
      const [saved, backup] = await Promise.all([
        savedVm.read(runs, captureId),
        savedBackup.read(runs, captureId),
      ]);
      if (saved === undefined || backup === undefined)
        return nothing(`Capture ${captureId} has no proved backup.`);
      const held = await backups.held(backup);
      if (held.status === "refused" && held.code === "BACKUP_UNSOUND")
        return nothing(`The backup of capture ${captureId} is gone: ${held.message}`);
      if (held.status !== "done") return held;
      const vm = saved.summary;
      const problems = backupProblems(vm, held.value);
      if (problems.length > 0)
        return refused(
          "BACKUP_UNSOUND",
          `The backup no longer holds the VM: ${problems.join("; ")}.`,
          "Restore what is left by hand; nothing was changed.",
        );
      const plan = { vm, backup, warnings: saved.lost, goesWith: saved.goesWith };
      const standing = await vms.inspect(vm.id);
      if (standing.status === "refused" && standing.code === "VM_NOT_FOUND") {
        const replacedDisks = allDisks(vm).map(({ id }) => id);
        return done({ ...plan, replacedDisks, vmStands: false });
      }
      if (standing.status !== "done") return standing;
      if (!mayReplace(vm, standing.value.summary))
        return refused(
          "VM_REPLACED",
          `The VM ${vm.name} is not the one that was captured: it was made anew since.`,
          "Rename or delete it if the captured VM shall take its place.",
        );
      const replacedDisks = allDisks(standing.value.summary).map(({ id }) => id);
      return done({ ...plan, replacedDisks, vmStands: true });
    }),
    ...implementOperation(refs.restoreDisk, modelled(backups.restoredDisk)),
    ...implementOperation(refs.protectVm, sources.protection),
    ...implementOperation(refs.removeSourceVm, sources.removal),
    ...implementOperation(refs.restoreVm, modelled(sources.restored)),
    ...implementOperation(refs.startVm, sources.start),
  ];
}
