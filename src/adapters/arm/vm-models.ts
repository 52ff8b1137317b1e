/** Models of VMs and disks turned into requests that make them again: all that was set, nothing that Azure fills in. */
import type { Disk, NetworkInterfaceReference, VirtualMachine } from "@azure/arm-compute";
import { parseResourceId } from "../../domain/resource-id.js";
import type { RestoredVm } from "../../domain/restore.js";

const attachedTo = ({ storageProfile }: VirtualMachine) => [
  ...(storageProfile?.osDisk ? [storageProfile.osDisk] : []),
  ...(storageProfile?.dataDisks ?? []),
];

/** What would go with the VM; the ids of disks and interfaces. Without a deleteOption they stay. */
export const goesWith = (vm: VirtualMachine): string[] => [
  ...attachedTo(vm).flatMap(({ deleteOption, managedDisk }) =>
    deleteOption === "Delete" && managedDisk?.id !== undefined ? [managedDisk.id] : [],
  ),
  ...interfacesOf(vm).flatMap(({ deleteOption, id }) =>
    deleteOption === "Delete" && id !== undefined ? [id] : [],
  ),
];

const interfacesOf = ({ networkProfile }: VirtualMachine): NetworkInterfaceReference[] =>
  networkProfile?.networkInterfaces ?? [];

/** Source: Microsoft's "Delete a VM and attached resources", which changes deleteOption by naming each thing whole. */
export function protectedModel({ storageProfile, networkProfile }: VirtualMachine) {
  const { osDisk, dataDisks = [] } = storageProfile ?? {};
  const detach = { deleteOption: "Detach" as const };
  return {
    storageProfile: {
      ...(osDisk ? { osDisk: { ...osDisk, ...detach } } : {}),
      dataDisks: dataDisks.map((disk) => ({ ...disk, ...detach })),
    },
    ...(networkProfile?.networkInterfaces === undefined
      ? {}
      : {
          networkProfile: {
            networkInterfaces: networkProfile.networkInterfaces.map(({ id, primary }) => ({
              ...(id === undefined ? {} : { id }),
              ...(primary === undefined ? {} : { primary }),
              ...detach,
            })),
          },
        }),
  };
}

/** Settings that a VM is made with; a disk that is attached brings its own system, so osProfile must not be named. */
const CARRIED = [
  "tags",
  "zones",
  "plan",
  "extendedLocation",
  "placement",
  "hardwareProfile",
  "scheduledEventsPolicy",
  "additionalCapabilities",
  "securityProfile",
  "diagnosticsProfile",
  "availabilitySet",
  "virtualMachineScaleSet",
  "proximityPlacementGroup",
  "priority",
  "evictionPolicy",
  "billingProfile",
  "host",
  "hostGroup",
  "licenseType",
  "extensionsTimeBudget",
  "platformFaultDomain",
  "scheduledEventsProfile",
  "capacityReservation",
  "applicationProfile",
  "resiliencyProfile",
] as const satisfies readonly (keyof VirtualMachine)[];

const DISK_CARRIED = [
  "tags",
  "zones",
  "extendedLocation",
  "osType",
  "hyperVGeneration",
  "purchasePlan",
  "supportedCapabilities",
  "diskSizeGB",
  "encryption",
  "maxShares",
  "networkAccessPolicy",
  "diskAccessId",
  "tier",
  "burstingEnabled",
  "supportsHibernation",
  "publicNetworkAccess",
  "dataAccessAuthMode",
  "optimizedForFrequentAttach",
] as const satisfies readonly (keyof Disk)[];

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  const kept = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(kept) as Pick<T, K>;
}

/** The saved model on other disks: each at the LUN, and with the caching, of the one that it replaces. */
export function restoredVm(vm: VirtualMachine, { disks }: RestoredVm): VirtualMachine {
  const { osDisk, dataDisks = [], diskControllerType } = vm.storageProfile ?? {};
  const idAt = (lun: number) => disks.find((disk) => disk.lun === lun)?.id ?? "";
  const attached = { createOption: "Attach" as const };
  return {
    location: vm.location,
    ...pick(vm, CARRIED),
    ...identityOf(vm),
    storageProfile: {
      ...(diskControllerType === undefined ? {} : { diskControllerType }),
      osDisk: {
        ...(osDisk ? pick(osDisk, ["osType", "caching", "deleteOption", "writeAcceleratorEnabled"]) : {}),
        ...attached,
        managedDisk: { id: idAt(-1) },
      },
      dataDisks: dataDisks.map((disk) => ({
        ...pick(disk, ["caching", "deleteOption", "writeAcceleratorEnabled"]),
        ...attached,
        lun: disk.lun,
        managedDisk: { id: idAt(disk.lun) },
      })),
    },
    networkProfile: {
      networkInterfaces: interfacesOf(vm).map((nic) => pick(nic, ["id", "primary", "deleteOption"])),
    },
  };
}

/** An identity names what is assigned; ids and principals are Azure's answers. */
function identityOf({ identity }: VirtualMachine): Pick<VirtualMachine, "identity"> {
  if (identity?.type === undefined) return {};
  const { type, userAssignedIdentities } = identity;
  const ids = Object.keys(userAssignedIdentities ?? {});
  const assigned: Record<string, object> = Object.fromEntries(ids.map((id) => [id, {}]));
  return { identity: { type, ...(ids.length > 0 ? { userAssignedIdentities: assigned } : {}) } };
}

/** The same disk with the backup's bytes. */
export function restoredDisk(saved: Disk, sourceId: string, tags: Readonly<Record<string, string>>): Disk {
  const fromRestorePoint = parseResourceId(sourceId)?.type.toLowerCase().includes("restorepoints") === true;
  const { sku, securityProfile } = saved;
  return {
    location: saved.location,
    ...pick(saved, DISK_CARRIED),
    ...(sku?.name === undefined ? {} : { sku: { name: sku.name } }),
    ...(securityProfile?.securityType === undefined
      ? {}
      : { securityProfile: pick(securityProfile, ["securityType", "secureVMDiskEncryptionSetId"]) }),
    tags: { ...saved.tags, ...tags },
    creationData: { createOption: fromRestorePoint ? "Restore" : "Copy", sourceResourceId: sourceId },
  };
}

export const extensionsOf = ({ resources = [] }: VirtualMachine): string[] =>
  resources.flatMap(({ name }) => name ?? []);

/** What of a VM Azure does not give back, or not the same. */
export function lostBy(vm: VirtualMachine): string[] {
  const extensions = extensionsOf(vm);
  return [
    ...(vm.identity?.type?.startsWith("SystemAssigned") === true
      ? ["The system-assigned identity is a new one: grant its roles again."]
      : []),
    ...(extensions.length > 0
      ? [
          `The guest still has its extensions, but Azure has forgotten them: install ${extensions.join(", ")} again.`,
        ]
      : []),
  ];
}
