/** What proves a backup: every disk of the VM is in it, whole, before anything irreversible is done. */
import type { HeldDisk } from "./backup.js";
import type { AttachedDisk, VmSummary } from "./vm.js";
import { sameResource } from "./resource-id.js";
import { allDisks } from "./vm.js";

const placeOf = (lun: number) => (lun < 0 ? "the OS disk" : `the data disk at LUN ${lun}`);

/** Every problem, in words; none means that the backup is sound. */
export function backupProblems(vm: VmSummary, held: readonly HeldDisk[]): string[] {
  const wanted = allDisks(vm);
  const missing = wanted.flatMap((disk) => {
    const backup = held.find((one) => one.lun === disk.lun);
    const where = placeOf(disk.lun);
    if (backup === undefined) return [`${where} (${disk.name}) is not in the backup`];
    if (backup.state !== "Succeeded") return [`the backup of ${where} (${disk.name}) is ${backup.state}`];
    if (backup.of !== undefined && !sameResource(backup.of, disk.id))
      return [`${where} (${disk.name}) was replaced: the backup is of ${backup.of}`];
    if (backup.sizeGb !== undefined && backup.sizeGb !== disk.sizeGb)
      return [`${where} (${disk.name}) has ${disk.sizeGb} GiB, but its backup has ${backup.sizeGb} GiB`];
    return [];
  });
  const strangers = held.filter((one) => !wanted.some((disk) => disk.lun === one.lun));
  return [
    ...missing,
    ...strangers.map((one) => `the backup contains a disk at LUN ${one.lun} that the VM does not have`),
  ];
}

/** How the VM's disks changed since it was inspected; a restore point itself records which disks it contains. */
export function exchangedDisks(vm: VmSummary, attached: readonly AttachedDisk[]): string[] {
  const wanted = allDisks(vm);
  const gone = wanted.filter(
    ({ lun, id }) => !attached.some((disk) => disk.lun === lun && sameResource(disk.id ?? "", id)),
  );
  const strangers = attached.filter(({ lun }) => !wanted.some((disk) => disk.lun === lun));
  return [
    ...gone.map(({ lun, name }) => `${placeOf(lun)} (${name}) is no longer attached`),
    ...strangers.map(({ lun, name }) => `${placeOf(lun)} (${name}) was attached in the meantime`),
  ];
}
