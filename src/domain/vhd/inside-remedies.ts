/** What to do about each finding inside the disk, and which of them refuse it for more than OS images. */
import type { DiskFindingCode } from "../disk/facts.js";

const NOTHING = "Nothing.";
const CHECK_FILESYSTEM =
  "Check the filesystem in the running VM (fsck, chkdsk /f), shut down cleanly and export the disk again.";
const REPAIR_TABLE =
  "Repair the partition table (gdisk: w; or Repair-Volume in Windows) and upload the disk again.";
const GENERALIZE =
  "Generalize the guest (Windows: Sysprep; Linux: waagent -deprovision+user), or register the image as specialized.";
const AS_DATA = "If it is meant as a data disk, say so: purpose data.";

export const INSIDE_REMEDIES: Record<DiskFindingCode, string> = {
  DISK_BLANK: `Upload the disk again if it should hold something. ${AS_DATA}`,
  NO_PARTITION_TABLE: AS_DATA,
  PARTITION_OUTSIDE_DISK:
    "Compare the length of the file with the original; grow the disk or shrink the partition.",
  PARTITIONS_OVERLAP: REPAIR_TABLE,
  EBR_CHAIN_BROKEN: REPAIR_TABLE,
  EBR_CHAIN_CYCLE: REPAIR_TABLE,
  GPT_4K_SECTORS:
    "Make the disk anew with sectors of 512 bytes; Azure presents no others to a VM made from a VHD.",
  GPT_BACKUP_DAMAGED: REPAIR_TABLE,
  GPT_BACKUP_MISPLACED: NOTHING,
  GPT_DAMAGED: REPAIR_TABLE,
  GPT_PRIMARY_DAMAGED: REPAIR_TABLE,
  HYBRID_MBR: NOTHING,
  ENCRYPTED_BITLOCKER: "Decrypt the volume (manage-bde -off) and wait for the end of it before Sysprep.",
  ENCRYPTED_LUKS: "See to it that the VM can be given the key at boot; otherwise decrypt the volume.",
  FILESYSTEM_DAMAGED: CHECK_FILESYSTEM,
  LVM_VOLUME: "Nothing; Azure advises against LVM on OS disks, for repairs are harder.",
  NTFS_DIRTY: CHECK_FILESYSTEM,
  NTFS_HIBERNATED: "Turn off fast startup (powercfg /h off), shut Windows down and export the disk again.",
  ROOT_UNREADABLE:
    "Nothing; generation and family were found by other means. Say distribution and state in the manifest.",
  SWAP_PARTITION: "Remove swap from the OS disk; let waagent or cloud-init make it on the temporary disk.",
  ARCHITECTURE_CONFLICT: "Say the architecture in the manifest.",
  ARCHITECTURE_UNSUPPORTED: "Install a system for x64 or Arm64; Azure has no other.",
  BOOTS_BOTH_GENERATIONS:
    "Nothing; generation 2 is chosen. Say the generation in the manifest to choose otherwise.",
  ESP_WITHOUT_LOADER: "Install a boot loader at EFI\\BOOT of the EFI system partition.",
  LOADER_DAMAGED: "Reinstall the boot loader, check the EFI system partition, and export the disk again.",
  LOADER_UNSIGNED: "Nothing; the image cannot be offered for Trusted Launch with Secure Boot.",
  NO_BOOT_LOADER: AS_DATA,
  CLOUD_INIT_STATE_PRESENT: "Run cloud-init clean before exporting the disk.",
  HYPERV_DRIVERS_MISSING: "Build hv_vmbus, hv_storvsc and hv_netvsc into the initial RAM disk.",
  MACHINE_ID_PRESENT: GENERALIZE,
  NO_OPERATING_SYSTEM: AS_DATA,
  PROVISIONING_AGENT_MISSING:
    "Install waagent or cloud-init (21.2 or later); without either a VM is never reported ready.",
  SEVERAL_OPERATING_SYSTEMS: "Say in the manifest which of them the image is of.",
  SSH_HOST_KEYS_PRESENT: GENERALIZE,
  SYSPREP_TAG_MISSING: GENERALIZE,
  USERS_PRESENT: GENERALIZE,
  INSPECTION_CUT_SHORT: "Nothing; say generation and family in the manifest if they were not found.",
};

/** Useless on any VM of Azure. */
export const REFUSES_ANY_USE: ReadonlySet<DiskFindingCode> = new Set(["GPT_4K_SECTORS", "GPT_DAMAGED"]);
/** Nobody makes an image of these by intent; whoever wants the disk as data says so. */
export const REFUSES_UNLESS_DATA: ReadonlySet<DiskFindingCode> = new Set(["ENCRYPTED_BITLOCKER"]);
