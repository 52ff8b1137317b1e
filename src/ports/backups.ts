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
  /** One point in time over all disks, application-consistent where the guest supports it. */
  readonly restorePoint: Operation<RestorePointOrder, Backup>;
  readonly snapshot: Operation<Modelled<SnapshotOrder>, BackedUpDisk, SnapshotQuestion>;
  /** The disks that a part of a backup actually contains; BACKUP_UNSOUND if it is gone. domain/proof.ts judges them. */
  held(part: BackupPart): Promise<Outcome<readonly HeldDisk[]>>;
  /** A disk from a backup, set up as in the saved model, for a working VM; done when complete and of the right size. */
  readonly disk: Operation<Modelled<DiskFromBackup>, null, SizedDisk>;
  /** The same, to take the place of the disk that was saved. */
  readonly restoredDisk: Operation<Modelled<DiskFromBackup>, null, SizedDisk>;
}
