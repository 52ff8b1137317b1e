/** What the pipeline needs to know of a virtual machine; the whole ARM model is kept beside the backup. */
export type OsType = "Windows" | "Linux";
export type Generation = "V1" | "V2";
export type Caching = "None" | "ReadOnly" | "ReadWrite";

export interface DiskSummary {
  readonly id: string;
  readonly name: string;
  readonly sizeGb: number;
  readonly caching: Caching;
  /** Storage type, as in "Premium_LRS". */
  readonly sku: string;
}

export interface DataDiskSummary extends DiskSummary {
  readonly lun: number;
}

export interface PurchasePlan {
  readonly name: string;
  readonly publisher: string;
  readonly product: string;
}

export interface VmSummary {
  readonly id: string;
  readonly vmId: string;
  readonly name: string;
  readonly location: string;
  readonly zones: readonly string[];
  /** VM size, as in "Standard_D2s_v5". */
  readonly size: string;
  readonly osType: OsType;
  readonly generation: Generation;
  readonly architecture: "x64" | "Arm64";
  readonly securityType: "Standard" | "TrustedLaunch" | "ConfidentialVM";
  readonly secureBoot: boolean;
  readonly vTpm: boolean;
  readonly diskController: "SCSI" | "NVMe";
  readonly acceleratedNetworking: boolean;
  readonly ephemeralOsDisk: boolean;
  readonly osDisk: DiskSummary;
  readonly dataDisks: readonly DataDiskSummary[];
  /** The last word of PowerState/…, as in "running" or "deallocated". */
  readonly powerState: string;
  readonly agentReady: boolean;
  readonly markedGeneralized: boolean;
  /** Azure Disk Encryption inside the guest. */
  readonly guestEncrypted: boolean;
  readonly sharedDisks: readonly string[];
  readonly ultraDisks: readonly string[];
  readonly plan?: PurchasePlan;
  readonly tags: Readonly<Record<string, string>>;
}

/** How a VM stands, where nothing of its model is asked. */
export interface VmState {
  /** The last word of PowerState/…, as in "running" or "deallocated"; "unknown" while Azure does not say. */
  readonly power: string;
  readonly agentReady: boolean;
  readonly markedGeneralized: boolean;
  /** Azure could not make it, or could not finish what it was last asked for. */
  readonly broken: boolean;
}

/** The OS disk and every data disk, OS disk first. */
export const allDisks = (vm: VmSummary): readonly DiskSummary[] => [vm.osDisk, ...vm.dataDisks];

/** Standard_D2s_v5 has two: the first number of a size's name, by Azure's naming convention; 1 where there is none. */
export const vCpusOf = (size: string): number => Number(/_[A-Z]+(\d+)/i.exec(size)?.[1] ?? 1);
