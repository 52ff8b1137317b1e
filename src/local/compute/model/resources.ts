/**
 * The kinds of resources, as stored: `body` is what a GET answers (without what is computed from the clock),
 * `inner` what Azure knows and does not show.
 */
import type { z } from "zod";
import type { Guest } from "../guests/guest.js";
import type { definitionRequest, galleryRequest, versionRequest } from "./gallery-schemas.js";
import type {
  creationData,
  dataDisk,
  extensionRequest,
  imageDataDisk,
  imageOsDisk,
  osDisk,
  vmRequest,
} from "./schemas.js";

type Loose = Record<string, unknown>;
type PropertiesOf<S extends z.ZodType<{ properties?: unknown }>> = NonNullable<z.infer<S>["properties"]>;

export interface Body<P> {
  name: string;
  id: string;
  type?: string;
  location?: string;
  tags?: Record<string, string>;
  zones?: string[];
  properties: P & { provisioningState?: string };
  [member: string]: unknown;
}

interface Resource<Type extends string, P, Inner> {
  readonly type: Type;
  body: Body<P>;
  inner: Inner;
}

/** What a disk holds: bytes by reference and, on an OS disk, the guest that lives there. */
export interface Holding {
  contentId: string;
  sizeBytes: number;
  guest?: Guest;
}

/** An outstanding shared access signature. */
export interface Access {
  token: string;
  identifier: string;
  account: string;
  access: "Read" | "Write" | "None";
  expiresMs: number;
}

export type Power = "starting" | "running" | "stopping" | "stopped" | "deallocating" | "deallocated";

export type VmOsDisk = z.infer<typeof osDisk>;
export type VmDataDisk = z.infer<typeof dataDisk>;

export type Vm = Resource<
  "Microsoft.Compute/virtualMachines",
  PropertiesOf<typeof vmRequest>,
  {
    power: Power;
    /** Changes with every boot: what a guest began in an earlier one ends with it. */
    boot: number;
    generalized: boolean;
    specialized: boolean;
    createdMs: number;
    changedMs: number;
    agentReadyMs: number;
    generation: "V1" | "V2";
    etag: number;
    userData?: string;
  }
>;

export interface DiskProperties extends Loose {
  creationData: z.infer<typeof creationData>;
  diskSizeGB?: number | undefined;
  osType?: "Linux" | "Windows" | undefined;
  hyperVGeneration?: "V1" | "V2" | undefined;
  supportedCapabilities?: { readonly architecture?: "x64" | "Arm64" } | undefined;
  incremental?: boolean | undefined;
}

interface DiskInner {
  holding: Holding;
  access?: Access;
  /** Set while the disk's background copy runs. */
  copy?: { startMs: number; endMs: number | null };
}

export type Disk = Resource<"Microsoft.Compute/disks", DiskProperties, DiskInner & { vmId?: string }>;
export type Snapshot = Resource<"Microsoft.Compute/snapshots", DiskProperties, DiskInner>;

export interface ImageDisk {
  readonly lun?: number;
  readonly holding: Holding;
  readonly caching: "None" | "ReadOnly" | "ReadWrite";
  /** Of the disk that it was made from. */
  readonly encryptionSetId?: string;
}

export type Image = Resource<
  "Microsoft.Compute/images",
  Loose & {
    hyperVGeneration?: "V1" | "V2";
    storageProfile?: { osDisk: z.infer<typeof imageOsDisk>; dataDisks: z.infer<typeof imageDataDisk>[] };
  },
  { os?: ImageDisk; data: ImageDisk[] }
>;

export type Gallery = Resource<
  "Microsoft.Compute/galleries",
  PropertiesOf<typeof galleryRequest>,
  { shared: { type: string; ids: string[] }[]; lingering: { id: string; untilMs: number }[] }
>;

export type Definition = Resource<
  "Microsoft.Compute/galleries/images",
  PropertiesOf<typeof definitionRequest> & {
    osType: "Linux" | "Windows";
    osState: "Generalized" | "Specialized";
  },
  { lingering: { id: string; untilMs: number }[] }
>;

export interface Replica {
  readonly region: string;
  readonly startMs: number;
  readonly endMs: number | null;
  failed?: string;
}

export type Version = Resource<
  "Microsoft.Compute/galleries/images/versions",
  PropertiesOf<typeof versionRequest>,
  { os?: ImageDisk; data: ImageDisk[]; replicas: Replica[]; publishedMs: number }
>;

export type Collection = Resource<
  "Microsoft.Compute/restorePointCollections",
  { source: { id: string; location?: string }; restorePointCollectionId: string },
  Loose
>;

export type RestorePoint = Resource<
  "Microsoft.Compute/restorePointCollections/restorePoints",
  Loose,
  {
    disks: {
      readonly diskRestorePointId: string;
      readonly sourceDiskId: string;
      readonly holding: Holding;
    }[];
  }
>;

export type DiskRestorePoint = Resource<
  "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints",
  Loose,
  DiskInner
>;

export type Extension = Resource<
  "Microsoft.Compute/virtualMachines/extensions",
  PropertiesOf<typeof extensionRequest>,
  Loose
>;

export type RunCommand = Resource<
  "Microsoft.Compute/virtualMachines/runCommands",
  Loose,
  { view: Record<string, unknown>; running: boolean }
>;

export interface IpConfiguration {
  readonly name: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Loose & {
    readonly subnet: { readonly id: string };
    readonly privateIPAddress: string;
    readonly privateIPAllocationMethod: "Dynamic" | "Static";
    readonly primary: boolean;
  };
}

export type Nic = Resource<
  "Microsoft.Network/networkInterfaces",
  Loose & { ipConfigurations: IpConfiguration[]; resourceGuid: string; virtualMachine?: { id: string } },
  Loose
>;

export type VirtualNetwork = Resource<
  "Microsoft.Network/virtualNetworks",
  Loose & { addressSpace: { addressPrefixes: string[] } },
  Loose
>;

export type Subnet = Resource<
  "Microsoft.Network/virtualNetworks/subnets",
  Loose & { addressPrefix: string },
  Loose
>;

export type Group = Resource<"Microsoft.Resources/resourceGroups", Loose, Loose>;

export type AnyResource =
  | Vm
  | Disk
  | Snapshot
  | Image
  | Gallery
  | Definition
  | Version
  | Collection
  | RestorePoint
  | DiskRestorePoint
  | RunCommand
  | Extension
  | Nic
  | VirtualNetwork
  | Subnet
  | Group;

export type ResourceOf<T extends AnyResource["type"]> = Extract<AnyResource, { type: T }>;
