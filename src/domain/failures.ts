/**
 * Every reason for which the pipeline itself refuses or fails a run. The VHD doctor and the seal name their own
 * (vhd/, guest/). docs/failures.md lists them all and is compared with these tables by a test.
 */
export const FAILURES = {
  INVALID_REQUEST: "The request does not have the form of its schema.",
  REQUEST_NOT_JSON: "The message is not JSON.",
  VM_NOT_FOUND: "The source VM does not exist.",
  VM_NOT_CAPTURABLE: "The capture cannot be made as things stand.",
  VM_ALREADY_GENERALIZED: "The VM is marked generalized; it can no longer start.",
  VM_NOT_RUNNING: "The guest must run to be generalized.",
  VM_BUSY: "Another capture of this VM is under way and the request asked not to wait.",
  AGENT_NOT_READY: "The VM agent does not answer.",
  GUEST_NOT_GENERALIZABLE: "The guest has something that keeps it from being generalized.",
  TARGET_NOT_FOUND: "The gallery, definition or resource group to write to does not exist.",
  TARGET_MISMATCH: "The image definition does not fit what the VM is.",
  TARGET_NOT_ALLOWED: "The pipeline's settings let no image go there.",
  TARGET_EXISTS: "An image of that name or version exists already.",
  BACKUP_UNSOUND: "The backup does not hold what it must.",
  NOT_AUTHORIZED: "The pipeline's identity may not do this.",
  LOCKED: "A management lock forbids this.",
  QUOTA_EXCEEDED: "A quota or limit of the subscription is used up.",
  AZURE_REFUSED: "Azure refused the request.",
  AZURE_FAILED: "An Azure operation ended as failed.",
  TIME_LIMIT: "A stage ran out of time.",
  TEST_BOOT_FAILED:
    "A VM made from the new image did not come up, or brought something along that no image may.",
  SEAL_FAILED: "The guest was not generalized.",
  NOT_A_VHD: "The file is not a VHD from which an image can be made.",
  MANIFEST_INVALID: "The image description beside the file does not have the form of its schema.",
  SOURCE_CHANGED: "The file was replaced or changed while it was being read.",
  SOURCE_GONE: "The file is no longer there.",
  READ_BACK_DIFFERS: "The prepared disk does not read back as it was written.",
  STORAGE_REFUSED: "The storage account refused the request.",
  STORAGE_FULL: "The storage account has no room left.",
  VM_REPLACED: "Another VM of the same name was made since the capture.",
  VM_NOT_PROTECTED: "Disks or network interfaces of the VM would be deleted with it.",
  RUN_NOT_FOUND: "There is no run of that id.",
  REQUEST_ID_TAKEN: "Another request has that id.",
  RUN_NOT_RESUMABLE: "The run cannot be gone on with.",
  RUN_ENDED: "The run has ended.",
  NOTHING_TO_RESTORE: "There is no backup of that run to restore from.",
  CANCELLED: "The run was cancelled.",
  BROKEN: "Something broke although it was tried again.",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** Codes of refusals; rooms with closed unions of their own (doctor, seal) prefix theirs. */
export type RefusalCode = FailureCode | `VHD_${string}` | `SEAL_${string}` | `DISK_${string}`;
