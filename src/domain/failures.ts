/**
 * Every reason for which the pipeline itself refuses or fails a run. The VHD doctor and the seal name their own
 * (vhd/, guest/). docs/failures.md lists them all and is compared with these tables by a test.
 */
export const FAILURES = {
  INVALID_REQUEST: "The request does not match its schema.",
  REQUEST_NOT_JSON: "The message is not JSON.",
  VM_NOT_FOUND: "The source VM does not exist.",
  VM_NOT_CAPTURABLE: "The preflight found something that blocks the capture.",
  VM_ALREADY_GENERALIZED: "The VM is marked as generalized and can no longer start.",
  VM_NOT_RUNNING: "The VM must be running for its guest to be generalized.",
  VM_BUSY: "Another capture of this VM is in progress, and the request asked not to wait.",
  AGENT_NOT_READY: "The VM agent does not respond.",
  GUEST_NOT_GENERALIZABLE: "Something in the guest prevents generalization.",
  TARGET_NOT_FOUND: "The target gallery, definition or resource group does not exist.",
  TARGET_MISMATCH: "The image definition does not match the source.",
  TARGET_NOT_ALLOWED: "The pipeline's settings do not allow this target.",
  TARGET_EXISTS: "An image with that name or version already exists.",
  BACKUP_UNSOUND: "The backup is incomplete or does not match the VM.",
  NOT_AUTHORIZED: "The pipeline's identity is not authorized to do this.",
  LOCKED: "A management lock prevents this.",
  QUOTA_EXCEEDED: "A quota or limit of the subscription has been reached.",
  AZURE_REFUSED: "Azure rejected the request.",
  AZURE_FAILED: "An Azure operation failed.",
  TIME_LIMIT: "A stage exceeded its time limit.",
  TEST_BOOT_FAILED:
    "A VM made from the new image did not start properly, or contains something that no image may contain.",
  SEAL_FAILED: "The guest was not generalized.",
  NOT_A_VHD: "The file is not a VHD from which an image can be made.",
  MANIFEST_INVALID: "The image description beside the file does not match its schema.",
  SOURCE_CHANGED: "The file was replaced or changed while it was being read.",
  SOURCE_GONE: "The file no longer exists.",
  READ_BACK_DIFFERS: "The prepared disk reads back differently from what was written.",
  STORAGE_REFUSED: "The storage account rejected the request.",
  STORAGE_FULL: "The storage account has reached its capacity limit.",
  VM_REPLACED: "Another VM with the same name was created after the capture.",
  VM_NOT_PROTECTED: "Disks or network interfaces would be deleted together with the VM.",
  RUN_NOT_FOUND: "There is no run with that id.",
  REQUEST_ID_TAKEN: "Another request already uses that id.",
  RUN_NOT_RESUMABLE: "The run cannot be resumed.",
  RUN_ENDED: "The run has ended or is cleaning up.",
  NOTHING_TO_RESTORE: "There is no backup of that run to restore from.",
  CANCELLED: "The run was cancelled.",
  BROKEN: "An unexpected error persisted after retries.",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** Codes of refusals; rooms with closed unions of their own (doctor, seal) prefix theirs. */
export type RefusalCode = FailureCode | `VHD_${string}` | `SEAL_${string}` | `DISK_${string}`;
