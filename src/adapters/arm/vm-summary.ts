/** A VM's model and instance view in our words. */
import type { Disk, VirtualMachine } from "@azure/arm-compute";
import type {
  Caching,
  DataDiskSummary,
  DiskSummary,
  Generation,
  VmState,
  VmSummary,
} from "../../domain/vm.js";
import { resourceName, sameResource } from "../../domain/resource-id.js";

interface AttachedDisk {
  readonly name?: string;
  readonly caching?: string;
  readonly diskSizeGB?: number;
  readonly managedDisk?: { readonly id?: string; readonly storageAccountType?: string };
}

/** `disks` are the VM's managed disks, read by themselves: the VM's own model leaves sizes out while it is deallocated. */
export function summarize(vm: VirtualMachine, disks: readonly Disk[], accelerated: boolean): VmSummary {
  const diskOf = (id: string) => disks.find((disk) => sameResource(disk.id ?? "", id));
  const describe = (attached: AttachedDisk): DiskSummary => {
    const id = attached.managedDisk?.id ?? "";
    const disk = diskOf(id);
    return {
      id,
      name: attached.name ?? resourceName(id),
      sizeGb: disk?.diskSizeGB ?? attached.diskSizeGB ?? 0,
      caching: (attached.caching ?? "None") as Caching,
      sku: disk?.sku?.name ?? attached.managedDisk?.storageAccountType ?? "Standard_LRS",
    };
  };
  const { storageProfile, instanceView, securityProfile } = vm;
  const osDisk = storageProfile?.osDisk;
  const dataDisks: DataDiskSummary[] = (storageProfile?.dataDisks ?? []).map((disk) => ({
    ...describe(disk),
    lun: disk.lun,
  }));
  const osModel = diskOf(osDisk?.managedDisk?.id ?? "");
  const named = (pick: (disk: Disk) => boolean) => disks.filter(pick).map((disk) => disk.name ?? "");
  return {
    id: vm.id ?? "",
    vmId: vm.vmId ?? "",
    name: vm.name ?? "",
    location: vm.location,
    zones: vm.zones ?? [],
    size: vm.hardwareProfile?.vmSize ?? "",
    osType: osDisk?.osType === "Windows" ? "Windows" : "Linux",
    generation: (instanceView?.hyperVGeneration ?? osModel?.hyperVGeneration ?? "V1") as Generation,
    architecture: osModel?.supportedCapabilities?.architecture === "Arm64" ? "Arm64" : "x64",
    securityType: (securityProfile?.securityType ?? "Standard") as VmSummary["securityType"],
    secureBoot: securityProfile?.uefiSettings?.secureBootEnabled ?? false,
    vTpm: securityProfile?.uefiSettings?.vTpmEnabled ?? false,
    diskController: storageProfile?.diskControllerType === "NVMe" ? "NVMe" : "SCSI",
    acceleratedNetworking: accelerated,
    ephemeralOsDisk: osDisk?.diffDiskSettings !== undefined || osDisk?.managedDisk?.id === undefined,
    osDisk: describe(osDisk ?? {}),
    dataDisks,
    powerState: powerStateOf(vm),
    agentReady: agentReady(vm),
    markedGeneralized: markedGeneralized(vm),
    guestEncrypted:
      osDisk?.encryptionSettings?.enabled === true ||
      disks.some((disk) => disk.encryptionSettingsCollection?.enabled === true),
    sharedDisks: named((disk) => (disk.maxShares ?? 1) > 1),
    ultraDisks: named((disk) => /^(UltraSSD|PremiumV2)_LRS$/.test(disk.sku?.name ?? "")),
    ...planOf(vm),
    tags: vm.tags ?? {},
  };
}

function planOf({ plan }: VirtualMachine): Pick<VmSummary, "plan"> {
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
