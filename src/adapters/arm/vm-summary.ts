/** A VM's model and instance view in our words. */
import type { Disk, VirtualMachine } from "@azure/arm-compute";
import type {
  AttachedDisk,
  Caching,
  DiskFacts,
  Generation,
  PurchasePlan,
  VmFacts,
  VmState,
  VmSummary,
} from "../../domain/vm.js";
import { resourceName } from "../../domain/resource-id.js";
import { extensionsOf } from "./vm-models.js";

export function factsOfVm(vm: VirtualMachine): VmFacts {
  const { storageProfile, instanceView, securityProfile } = vm;
  const { osDisk, dataDisks = [], imageReference } = storageProfile ?? {};
  const interfaceId = vm.networkProfile?.networkInterfaces?.[0]?.id;
  const generation = instanceView?.hyperVGeneration;
  return {
    nature: {
      id: told("id", vm.id),
      vmId: told("vmId", vm.vmId),
      name: told("name", vm.name),
      location: vm.location,
      zones: vm.zones ?? [],
      size: told("size", vm.hardwareProfile?.vmSize),
      osType: osDisk?.osType === "Windows" ? "Windows" : "Linux",
      securityType: (securityProfile?.securityType ?? "Standard") as VmSummary["securityType"],
      secureBoot: securityProfile?.uefiSettings?.secureBootEnabled ?? false,
      vTpm: securityProfile?.uefiSettings?.vTpmEnabled ?? false,
      encryptionAtHost: securityProfile?.encryptionAtHost ?? false,
      hibernates: vm.additionalCapabilities?.hibernationEnabled ?? false,
      diskController: storageProfile?.diskControllerType === "NVMe" ? "NVMe" : "SCSI",
      ephemeralOsDisk: osDisk?.diffDiskSettings !== undefined || osDisk?.managedDisk?.id === undefined,
      powerState: powerStateOf(vm),
      agentReady: agentReady(vm),
      markedGeneralized: markedGeneralized(vm),
      provisioningState: vm.provisioningState ?? "unknown",
      guestEncrypted: osDisk?.encryptionSettings?.enabled === true,
      extensions: extensionsOf(vm),
      imagePublisher: imageReference?.publisher ?? "",
      ...planOf(vm.plan),
    },
    ...(generation === undefined ? {} : { generation: generation as Generation }),
    disks: [attached(-1, osDisk), ...dataDisks.map((disk) => attached(disk.lun, disk))],
    ...(interfaceId === undefined ? {} : { interfaceId }),
  };
}

/** What Azure tells of every VM, though its client's types leave it open: by these a VM is known again, or copied. */
function told(what: string, value: string | undefined): string {
  if (value === undefined) throw new TypeError(`Azure answered with a VM without its ${what}.`);
  return value;
}

interface Attached {
  readonly name?: string;
  readonly caching?: string;
  readonly managedDisk?: { readonly id?: string };
}

function attached(lun: number, { name, caching = "None", managedDisk }: Attached = {}): AttachedDisk {
  const id = managedDisk?.id;
  return {
    lun,
    ...(id === undefined ? {} : { id }),
    name: name ?? resourceName(id ?? ""),
    caching: caching as Caching,
  };
}

/** The VM's own spelling of the id stays: Azure echoes some parts of it in upper case. */
export function factsOfDisk(id: string, disk: Disk): DiskFacts {
  const { diskSizeGB = 0, sku, hyperVGeneration, supportedCapabilities, maxShares = 1 } = disk;
  const architecture = supportedCapabilities?.architecture;
  return {
    id,
    sizeGb: diskSizeGB,
    sku: sku?.name ?? "Standard_LRS",
    ...(hyperVGeneration === undefined ? {} : { generation: hyperVGeneration as Generation }),
    ...(architecture === "Arm64" || architecture === "x64" ? { architecture } : {}),
    maxShares,
    guestEncrypted: disk.encryptionSettingsCollection?.enabled === true,
    encryptionSetId: disk.encryption?.diskEncryptionSetId,
  };
}

/** The purchase plan of a VM or a definition; one with an empty member counts as none. */
export function planOf(plan: Partial<PurchasePlan> | undefined): { readonly plan?: PurchasePlan } {
  const { name, publisher, product } = plan ?? {};
  return name && publisher && product ? { plan: { name, publisher, product } } : {};
}

const statuses = ({ instanceView }: VirtualMachine) => instanceView?.statuses ?? [];

const hasStatus = (vm: VirtualMachine, code: string) =>
  statuses(vm).some((status) => status.code?.toLowerCase() === code.toLowerCase());

const markedGeneralized = (vm: VirtualMachine) => hasStatus(vm, "OSState/generalized");

export const stateOf = (vm: VirtualMachine): VmState => ({
  power: powerStateOf(vm),
  agentReady: agentReady(vm),
  markedGeneralized: markedGeneralized(vm),
  broken: vm.provisioningState === "Failed",
});

/** The last word of PowerState/…; "unknown" while Azure does not say. */
export const powerStateOf = (vm: VirtualMachine): string =>
  statuses(vm)
    .map((status) => /^PowerState\/(.+)$/i.exec(status.code ?? "")?.[1])
    .find((state) => state !== undefined) ?? "unknown";

/** An agent that does not report is shown as ProvisioningState/Unavailable. */
export const agentReady = ({ instanceView }: VirtualMachine): boolean =>
  (instanceView?.vmAgent?.statuses ?? []).some((status) => status.code === "ProvisioningState/succeeded");
