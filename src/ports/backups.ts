import type {
  BackedUpDisk,
  Backup,
  BackupPart,
  DiskFromBackup,
  HeldDisk,
  RestorePointOrder,
  SnapshotOrder,
} from "../domain/backup.js";
import type { RestoredDisk, RestoredSize } from "../domain/restore.js";
import type { Outcome } from "../domain/outcome.js";
import type { Operation } from "./operation.js";
import type { Modelled } from "./source-vms.js";

/** Backups of a VM's disks and disks made from them. Never writes to the VM. */
export interface Backups {
  /** One cut over all disks, application-consistent where the guest can. */
  readonly restorePoint: Operation<RestorePointOrder, Backup>;
  readonly snapshot: Operation<SnapshotOrder, BackedUpDisk>;
  /** The disks that really are in a part of a backup; BACKUP_UNSOUND where it is gone. Proved by domain/proof.ts. */
  held(part: BackupPart): Promise<Outcome<readonly HeldDisk[]>>;
  readonly disk: Operation<DiskFromBackup, null, { diskId: string }>;
  /** A disk as the saved model has it, with the backup's bytes; done when it is whole and has its size. */
  readonly restoredDisk: Operation<Modelled<RestoredDisk>, null, RestoredSize>;
}
