/** What to do about each finding inside the disk, and which of them refuse it for more than OS images. */
import type { DiskFindingCode } from "../disk/facts.js";

const NOTHING = "Nothing.";
const CHECK_FILESYSTEM =
  "Check the file system in the running VM (fsck, chkdsk /f), shut down cleanly and export the disk again.";
const REPAIR_TABLE =
  "Repair the partition table (gdisk: w; or Repair-Volume in Windows) and upload the disk again.";
const GENERALIZE =
  "Generalize the guest (Windows: Sysprep; Linux: waagent -deprovision+user), or register the image as specialized.";
const AS_DATA = "If it is meant as a data disk, set the purpose to data.";

export const INSIDE_REMEDIES: Record<DiskFindingCode, string> = {
  DISK_BLANK: `If the disk should contain data, upload it again. ${AS_DATA}`,
  NO_PARTITION_TABLE: AS_DATA,
  PARTITION_OUTSIDE_DISK:
    "Compare the length of the file with the original; grow the disk or shrink the partition.",
  PARTITIONS_OVERLAP: REPAIR_TABLE,
  EBR_CHAIN_BROKEN: REPAIR_TABLE,
  EBR_CHAIN_CYCLE: REPAIR_TABLE,
  GPT_4K_SECTORS:
    "Create the disk again with 512-byte sectors; Azure presents no other sector size to a VM made from a VHD.",
  GPT_BACKUP_DAMAGED: REPAIR_TABLE,
  GPT_BACKUP_MISPLACED: NOTHING,
  GPT_DAMAGED: REPAIR_TABLE,
  GPT_PRIMARY_DAMAGED: REPAIR_TABLE,
  HYBRID_MBR: NOTHING,
  ENCRYPTED_BITLOCKER:
    "Decrypt the volume (manage-bde -off) and wait until decryption has finished before running Sysprep.",
  ENCRYPTED_LUKS: "Make sure that the VM can get the key at boot; otherwise decrypt the volume.",
  FILESYSTEM_DAMAGED: CHECK_FILESYSTEM,
  LVM_VOLUME: "Nothing; Azure advises against LVM on OS disks, because it makes repairs harder.",
  NTFS_DIRTY: CHECK_FILESYSTEM,
  NTFS_HIBERNATED: "Turn off fast startup (powercfg /h off), shut Windows down and export the disk again.",
  ROOT_UNREADABLE:
    "Nothing; generation and family were found by other means. Set the state (generalized or specialized) in the manifest.",
  SWAP_PARTITION: "Remove swap from the OS disk; have waagent or cloud-init create it on the temporary disk.",
  ARCHITECTURE_CONFLICT: "State the architecture in the manifest.",
  ARCHITECTURE_UNSUPPORTED:
    "Install an operating system for x64 or Arm64; Azure supports no other architecture.",
  BOOTS_BOTH_GENERATIONS:
    "Nothing; generation 2 is chosen. To choose generation 1, state it in the manifest.",
  ESP_WITHOUT_LOADER: "Install a boot loader at EFI\\BOOT of the EFI system partition.",
  LOADER_DAMAGED: "Reinstall the boot loader, check the EFI system partition, and export the disk again.",
  LOADER_UNSIGNED: "Nothing; the image cannot be used for Trusted Launch with Secure Boot.",
  NO_BOOT_LOADER: AS_DATA,
  CLOUD_INIT_STATE_PRESENT: "Run cloud-init clean before exporting the disk.",
  HYPERV_DRIVERS_MISSING: "Build hv_vmbus, hv_storvsc and hv_netvsc into the initial RAM disk.",
  MACHINE_ID_PRESENT: GENERALIZE,
  NO_OPERATING_SYSTEM: AS_DATA,
  PROVISIONING_AGENT_MISSING:
    "Install waagent or cloud-init (21.2 or later); without either, a VM never reports as ready.",
  SEVERAL_OPERATING_SYSTEMS: "State in the manifest which of them the image is for.",
  SSH_HOST_KEYS_PRESENT: GENERALIZE,
  SYSPREP_TAG_MISSING: GENERALIZE,
  USERS_PRESENT: GENERALIZE,
  INSPECTION_CUT_SHORT: "Nothing; if generation and OS family were not found, state them in the manifest.",
};

/** Useless on any VM of Azure. */
export const REFUSES_ANY_USE: ReadonlySet<DiskFindingCode> = new Set(["GPT_4K_SECTORS", "GPT_DAMAGED"]);
/** Nobody makes an image of these by intent; whoever wants the disk as data says so. */
export const REFUSES_UNLESS_DATA: ReadonlySet<DiskFindingCode> = new Set(["ENCRYPTED_BITLOCKER"]);
