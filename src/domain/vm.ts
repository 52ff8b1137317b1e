/** What the pipeline needs to know about a virtual machine; the full ARM model is kept beside the backup. */
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
  /** The customer's key that it is under. */
  readonly encryptionSetId?: string | undefined;
}

export interface DataDiskSummary extends DiskSummary {
  readonly lun: number;
}

export interface PurchasePlan {
  readonly name: string;
  readonly publisher: string;
  readonly product: string;
}

/** What a VM's own model and instance view tell. */
export interface VmNature {
  readonly id: string;
  readonly vmId: string;
  readonly name: string;
  readonly location: string;
  readonly zones: readonly string[];
  /** VM size, as in "Standard_D2s_v5". */
  readonly size: string;
  readonly osType: OsType;
  readonly securityType: "Standard" | "TrustedLaunch" | "ConfidentialVM";
  readonly secureBoot: boolean;
  readonly vTpm: boolean;
  readonly encryptionAtHost: boolean;
  readonly hibernates: boolean;
  readonly diskController: "SCSI" | "NVMe";
  readonly ephemeralOsDisk: boolean;
  /** The last word of PowerState/…, as in "running" or "deallocated". */
  readonly powerState: string;
  readonly agentReady: boolean;
  readonly markedGeneralized: boolean;
  /** What Azure says of its last operation on the VM, as in "Succeeded" or "Updating". */
  readonly provisioningState: string;
  /** Azure Disk Encryption inside the guest. */
  readonly guestEncrypted: boolean;
  readonly plan?: PurchasePlan;
  /** Names of the VM's extensions. */
  readonly extensions: readonly string[];
  /** Publisher of the marketplace image that the VM was made from; "" when it was not. */
  readonly imagePublisher: string;
}

export interface VmSummary extends VmNature {
  readonly generation: Generation;
  readonly architecture: "x64" | "Arm64";
  readonly acceleratedNetworking: boolean;
  readonly osDisk: DiskSummary;
  readonly dataDisks: readonly DataDiskSummary[];
  readonly sharedDisks: readonly string[];
  readonly ultraDisks: readonly string[];
}

/** A VM's own description; its disks and its interface are read separately. */
export interface VmFacts {
  readonly nature: VmNature;
  /** The instance view's word, where there is one. */
  readonly generation?: Generation;
  /** The OS disk first; an ephemeral one is no resource and has no id. */
  readonly disks: readonly AttachedDisk[];
  readonly interfaceId?: string;
}

/** A VM's own model leaves sizes out while it is deallocated. */
export interface AttachedDisk {
  /** -1 for the OS disk. */
  readonly lun: number;
  readonly id?: string;
  readonly name: string;
  readonly caching: Caching;
}

/** What a managed disk itself tells. */
export interface DiskFacts {
  readonly id: string;
  readonly sizeGb: number;
  readonly sku: string;
  readonly generation?: Generation;
  readonly architecture?: "x64" | "Arm64";
  readonly maxShares: number;
  readonly guestEncrypted: boolean;
  readonly encryptionSetId?: string | undefined;
}

export function summaryOf(
  { nature, generation, disks }: VmFacts,
  asked: readonly DiskFacts[],
  acceleratedNetworking: boolean,
): VmSummary {
  const factsOf = ({ id }: AttachedDisk) => asked.find((disk) => disk.id === id);
  const all = disks.map((disk): DataDiskSummary => {
    const { lun, id = "", name, caching } = disk;
    const { sizeGb = 0, sku = "Standard_LRS", encryptionSetId } = factsOf(disk) ?? {};
    return { lun, id, name, sizeGb, caching, sku, encryptionSetId };
  });
  const osDisk = all.find(({ lun }) => lun < 0);
  if (osDisk === undefined) throw new Error(`${nature.id} has no OS disk.`);
  const osFacts = asked.find(({ id }) => id === osDisk.id);
  const named = (pick: (facts: DiskFacts) => boolean) =>
    all.filter(({ id }) => asked.some((facts) => facts.id === id && pick(facts))).map(({ name }) => name);
  return {
    ...nature,
    generation: generation ?? osFacts?.generation ?? "V1",
    architecture: osFacts?.architecture ?? "x64",
    acceleratedNetworking,
    osDisk,
    dataDisks: all.filter(({ lun }) => lun >= 0),
    guestEncrypted: nature.guestEncrypted || asked.some((facts) => facts.guestEncrypted),
    sharedDisks: named(({ maxShares }) => maxShares > 1),
    ultraDisks: named(({ sku }) => /^(UltraSSD|PremiumV2)_LRS$/.test(sku)),
  };
}

/** A VM's state, without its model. */
export interface VmState {
  /** The last word of PowerState/…, as in "running" or "deallocated"; "unknown" while Azure does not say. */
  readonly power: string;
  readonly agentReady: boolean;
  readonly markedGeneralized: boolean;
  /** Azure could not create it, or could not finish the last operation on it. */
  readonly broken: boolean;
}

/** The OS disk and every data disk, OS disk first, which counts as LUN -1. */
export const allDisks = (vm: VmSummary): readonly DataDiskSummary[] => [
  { ...vm.osDisk, lun: -1 },
  ...vm.dataDisks,
];

/** A disk's place in names of resources and documents: "os", or "lun3". */
export const placeName = (lun: number): string => (lun < 0 ? "os" : `lun${lun}`);

/** Standard_D2s_v5 has two: the first number of a size's name, by Azure's naming convention; 1 where there is none. */
export const vCpusOf = (size: string): number => Number(/_[A-Z]+(\d+)/i.exec(size)?.[1] ?? 1);
