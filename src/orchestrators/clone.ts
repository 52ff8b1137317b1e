/** Makes the working VM: disks from the backup, then a VM of them in the isolated subnet, agent ready. */
import { createDisk, createWorkingVm } from "../contracts/capture-activities.js";
import type { BackedUpDisk, Backup, WorkingVm } from "../domain/backup.js";
import type { ImageSource } from "../domain/image.js";
import { imageDisks } from "../domain/image.js";
import { namedSets, setsOf } from "../domain/image-keys.js";
import { allDisks } from "../domain/vm.js";
import type { Reached } from "./adopt.js";
import { make, makeAll } from "./adopt.js";
import type { CaptureScope } from "./capture-scope.js";
import { workSubnetOf } from "./capture-scope.js";
import type { Durable } from "./durable.js";

export function* clone(scope: CaptureScope, { disks }: Backup): Durable<Reached<string>> {
  const { run, names, vm, request, workTags: tags } = scope;
  const subnetId = workSubnetOf(scope);
  const copies = yield* disksOf(scope, disks);
  const vmId = names.workingVmId;
  run.undo.push({ when: "exit", resources: [vmId] });
  const made = yield* make(
    scope,
    createWorkingVm,
    { id: vmId, input: { vmId, source: vm, disks: copies.value, subnetId, tags } },
    { limitMinutes: request.limits.cloneMinutes, stage: "clone" },
  );
  return { value: vmId, adopted: copies.adopted && made.adopted };
}

/** The clone that an earlier run made and sealed: this run's to remove. */
export function adoptClone({ run, names }: CaptureScope, { disks }: Backup): Reached<string> {
  run.undo.push({ when: "exit", resources: disks.map(({ lun }) => names.diskId(lun)) });
  run.undo.push({ when: "exit", resources: [names.workingVmId] });
  return { value: names.workingVmId, adopted: true };
}

/** Disks from the backup, in parallel. They go when the run ends. */
function* disksOf(scope: CaptureScope, disks: readonly BackedUpDisk[]): Durable<Reached<WorkingVm["disks"]>> {
  const { run, captureId, names, vm, request } = scope;
  const copies = disks.map(({ lun }) => ({ lun, id: names.diskId(lun) }));
  run.undo.push({ when: "exit", resources: copies.map(({ id }) => id) });
  const { adopted } = yield* makeAll(
    scope,
    createDisk,
    disks.map((source) => {
      const diskId = names.diskId(source.lun);
      const { sizeGb } = allDisks(vm).find(({ lun }) => lun === source.lun) ?? vm.osDisk;
      return { id: diskId, input: { captureId, diskId, source, sizeGb, tags: scope.workTags } };
    }),
    { limitMinutes: request.limits.cloneMinutes },
  );
  return { value: copies, adopted };
}

/**
 * What the image is made from: the sealed VM with all its disks; its OS disk alone, or each of its disks where they are
 * to lie under a customer's key, which Azure takes for disks and not for a VM; or, when the image keeps its identity,
 * disks made from the backup.
 */
export function* imageSource(
  scope: CaptureScope,
  backup: Backup,
  sealedVmId: string | undefined,
): Durable<Reached<ImageSource>> {
  const { vm, request, names } = scope;
  const wanted = imageDisks(vm, request.image.kind);
  const keyed = setsOf(wanted).length > 0 || namedSets(request.target).length > 0;
  if (sealedVmId !== undefined && request.image.kind === "vm-image" && !keyed)
    return { value: { from: "vm", vmId: sealedVmId }, adopted: true };
  const adopted = sealedVmId !== undefined || (yield* disksOf(scope, backup.disks)).adopted;
  const value = {
    from: "disks" as const,
    disks: wanted.map(({ lun, id, caching, sizeGb, sku, encryptionSetId }) => ({
      lun,
      id: sealedVmId === vm.id ? id : names.diskId(lun),
      caching,
      sizeGb,
      sku,
      encryptionSetId,
    })),
  };
  return { value, adopted };
}
