/** What proves a backup: every disk of the VM is in it, whole, before anything irreversible is done. */
import type { HeldDisk } from "./backup.js";
import type { VmSummary } from "./vm.js";
import { allDisks } from "./vm.js";

/** Every problem, in words; none means that the backup is sound. */
export function backupProblems(vm: VmSummary, held: readonly HeldDisk[]): string[] {
  const wanted = allDisks(vm);
  const missing = wanted.flatMap((disk) => {
    const backup = held.find((one) => one.lun === disk.lun);
    const where = disk.lun < 0 ? "the OS disk" : `the data disk at LUN ${disk.lun}`;
    if (backup === undefined) return [`${where} (${disk.name}) is not in the backup`];
    if (backup.state !== "Succeeded") return [`the backup of ${where} (${disk.name}) is ${backup.state}`];
    if (backup.sizeGb !== disk.sizeGb)
      return [`${where} (${disk.name}) has ${disk.sizeGb} GiB, its backup ${backup.sizeGb} GiB`];
    return [];
  });
  const strangers = held.filter((one) => !wanted.some((disk) => disk.lun === one.lun));
  return [
    ...missing,
    ...strangers.map((one) => `the backup holds a disk at LUN ${one.lun} that the VM does not have`),
  ];
}
