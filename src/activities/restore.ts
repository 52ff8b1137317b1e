/** The acts that make a VM's disks, and the VM, again from what a capture kept: each decodes, calls one port, encodes. */
import * as refs from "../contracts/capture-activities.js";
import { refused } from "../domain/outcome.js";
import type { Backups } from "../ports/backups.js";
import type { Operation } from "../ports/operation.js";
import type { RunStore } from "../ports/run-store.js";
import type { Modelled, SourceVms } from "../ports/source-vms.js";
import { implementOperation } from "./implement.js";
import type { Registration } from "./implement.js";
import { savedDisk, savedVm } from "./run-documents.js";

export interface RestorePorts {
  readonly sources: SourceVms;
  readonly backups: Backups;
  readonly runs: RunStore;
}

export function restoreActivities({ sources, backups, runs }: RestorePorts): Registration[] {
  /** Models are large and may hold what need not be told: they go from the store to Azure, and no other way. */
  const modelled = <I extends { captureId: string }, R, Q>(
    operation: Operation<Modelled<I>, R, Q>,
    documentOf: (order: I) => typeof savedVm | ReturnType<typeof savedDisk>,
  ): Operation<I, R, Q> => ({
    async start(order) {
      const saved = await documentOf(order).read(runs, order.captureId);
      if (saved === undefined)
        return refused(
          "NOTHING_TO_RESTORE",
          `Capture ${order.captureId} kept no ${documentOf(order).name}.`,
          "Specify a capture whose backup is still kept; its status shows until when.",
        );
      return operation.start({ ...order, model: saved.model });
    },
    ask: (asked) => operation.ask(asked),
  });

  return [
    ...implementOperation(
      refs.createSnapshot,
      modelled(backups.snapshot, ({ lun }) => savedDisk(lun)),
    ),
    ...implementOperation(
      refs.createDisk,
      modelled(backups.disk, ({ source }) => savedDisk(source.lun)),
    ),
    ...implementOperation(
      refs.restoreDisk,
      modelled(backups.restoredDisk, ({ source }) => savedDisk(source.lun)),
    ),
    ...implementOperation(refs.protectVm, sources.protection),
    ...implementOperation(refs.removeSourceVm, sources.removal),
    ...implementOperation(
      refs.restoreVm,
      modelled(sources.restored, () => savedVm),
    ),
    ...implementOperation(refs.startVm, sources.start),
  ];
}
