/** What an image is made from, and what a VM made from it must support. */
import type { Caching, DataDiskSummary, Generation, OsType, PurchasePlan, VmSummary } from "./vm.js";
import { allDisks } from "./vm.js";

export interface ImageTraits {
  readonly osType: OsType;
  readonly generation: Generation;
  readonly architecture: "x64" | "Arm64";
  readonly securityType: "Standard" | "TrustedLaunch" | "TrustedLaunchSupported";
  readonly diskController: "SCSI" | "NVMe";
  readonly acceleratedNetworking: boolean;
  readonly hibernates?: boolean;
  readonly plan?: PurchasePlan;
}

export interface SourceDisk {
  /** -1 is the OS disk. */
  readonly lun: number;
  readonly caching: Caching;
  readonly sizeGb: number;
  readonly sku?: string;
  /** The customer's key that it is under. */
  readonly encryptionSetId?: string | undefined;
}

export type ImageSource =
  /** A stopped VM, marked generalized: OS disk and every data disk, as attached. */
  | { readonly from: "vm"; readonly vmId: string }
  /** Managed disks or snapshots. */
  | { readonly from: "disks"; readonly disks: readonly (SourceDisk & { readonly id: string })[] }
  /** Fixed VHDs in page blobs. */
  | {
      readonly from: "blobs";
      readonly storageAccountId: string;
      readonly disks: readonly (SourceDisk & { readonly uri: string })[];
    };

export const traitsOf = (vm: VmSummary): ImageTraits => ({
  osType: vm.osType,
  generation: vm.generation,
  architecture: vm.architecture,
  securityType: vm.securityType === "TrustedLaunch" ? "TrustedLaunch" : "Standard",
  diskController: vm.diskController,
  acceleratedNetworking: vm.acceleratedNetworking,
  hibernates: vm.hibernates,
  ...(vm.plan ? { plan: vm.plan } : {}),
});

/** The disks of a VM that are part of its image. */
export const imageDisks = (vm: VmSummary, kind: "vm-image" | "os-image"): readonly DataDiskSummary[] =>
  allDisks(vm).filter(({ lun }) => lun < 0 || kind === "vm-image");
