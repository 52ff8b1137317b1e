import type {
  BackedUpDisk,
  Backup,
  BackupPart,
  DiskFromBackup,
  HeldDisk,
  RestorePointOrder,
  SizedDisk,
  SnapshotOrder,
  SnapshotQuestion,
} from "../domain/backup.js";
import type { Outcome } from "../domain/outcome.js";
import type { Operation } from "./operation.js";
import type { Modelled } from "./source-vms.js";

/** Backups of a VM's disks and disks made from them. Never writes to the VM. */
export interface Backups {
  /** One cut over all disks, application-consistent where the guest can. */
  readonly restorePoint: Operation<RestorePointOrder, Backup>;
  readonly snapshot: Operation<Modelled<SnapshotOrder>, BackedUpDisk, SnapshotQuestion>;
  /** The disks that really are in a part of a backup; BACKUP_UNSOUND where it is gone. Proved by domain/proof.ts. */
  held(part: BackupPart): Promise<Outcome<readonly HeldDisk[]>>;
  /** The bytes of a backup on a disk as the saved model has it, for a working VM; done when whole and of its size. */
  readonly disk: Operation<Modelled<DiskFromBackup>, null, SizedDisk>;
  /** The same, to take the place of the disk that was saved. */
  readonly restoredDisk: Operation<Modelled<DiskFromBackup>, null, SizedDisk>;
}
