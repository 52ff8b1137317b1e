/**
 * What can be said about the inside of a virtual disk without starting it: facts, and findings for a doctor to
 * judge. Nothing here decides whether a disk is acceptable; that depends on what it is to become.
 */

export interface DiskFacts {
  /** `hybrid`: a GPT whose MBR also maps partitions. */
  readonly scheme: "mbr" | "gpt" | "hybrid" | "none";
  /** No partition table, no filesystem, nothing but zeros where one of them would be. */
  readonly blank: boolean;
  readonly partitions: readonly Partition[];
  /** What the disk can boot: BIOS (V1), UEFI (V2), or both. */
  readonly generation: "V1" | "V2" | "both" | "unknown";
  readonly architecture: "x64" | "Arm64" | "unknown";
  readonly osFamily: "Windows" | "Linux" | "unknown";
  /** The `ID` of os-release, or the vendor directory of the EFI system partition. */
  readonly distribution?: string;
  readonly version?: string;
  /** Whether identity was removed; `unknown` where the root filesystem cannot be read. */
  readonly generalized: "yes" | "no" | "unknown";
  readonly encryption?: "bitlocker" | "luks";
  /** Every filesystem or container kind found, each once, in the order of the disk. */
  readonly filesystems: readonly string[];
  readonly findings: readonly DiskFinding[];
  /** Every UEFI loader found carries an Authenticode signature (absent: there is no UEFI loader). */
  readonly secureBootSigned?: boolean;
}

export interface Partition {
  /** As the table numbers it: GPT entry + 1; MBR 1-4; logical partitions from 5. 0 is the unpartitioned disk. */
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** GPT type GUID in upper case, or the MBR type as `0x83`. */
  readonly type: string;
  /** The label of a GPT entry, printable and capped. */
  readonly name?: string;
  /** MBR active flag, or the GPT attribute "legacy BIOS bootable". */
  readonly active: boolean;
  readonly filesystem?: string;
}

export type DiskFindingCode =
  // Partition tables
  | "DISK_BLANK"
  | "NO_PARTITION_TABLE"
  | "PARTITION_OUTSIDE_DISK"
  | "PARTITIONS_OVERLAP"
  | "EBR_CHAIN_BROKEN"
  | "EBR_CHAIN_CYCLE"
  | "GPT_4K_SECTORS"
  | "GPT_BACKUP_DAMAGED"
  | "GPT_BACKUP_MISPLACED"
  | "GPT_DAMAGED"
  | "GPT_PRIMARY_DAMAGED"
  | "HYBRID_MBR"
  // Filesystems and containers
  | "ENCRYPTED_BITLOCKER"
  | "ENCRYPTED_LUKS"
  | "FILESYSTEM_DAMAGED"
  | "LVM_VOLUME"
  | "NTFS_DIRTY"
  | "NTFS_HIBERNATED"
  | "ROOT_UNREADABLE"
  | "SWAP_PARTITION"
  // Boot
  | "ARCHITECTURE_CONFLICT"
  | "ARCHITECTURE_UNSUPPORTED"
  | "BOOTS_BOTH_GENERATIONS"
  | "ESP_WITHOUT_LOADER"
  | "LOADER_DAMAGED"
  | "LOADER_UNSIGNED"
  | "NO_BOOT_LOADER"
  // The guest
  | "CLOUD_INIT_STATE_PRESENT"
  | "HYPERV_DRIVERS_MISSING"
  | "MACHINE_ID_PRESENT"
  | "NO_OPERATING_SYSTEM"
  | "PROVISIONING_AGENT_MISSING"
  | "SEVERAL_OPERATING_SYSTEMS"
  | "SSH_HOST_KEYS_PRESENT"
  | "SYSPREP_TAG_MISSING"
  | "USERS_PRESENT"
  // The inspection itself
  | "INSPECTION_CUT_SHORT";

export interface DiskFinding {
  readonly code: DiskFindingCode;
  /** `blocking`: the disk cannot become an OS image as it stands. A data disk may still be fine. */
  readonly severity: "info" | "warning" | "blocking";
  /** One line; everything in it that came from the disk is escaped and capped. */
  readonly message: string;
  readonly where?: { readonly offsetBytes: number; readonly value?: string };
}
