/** Models of VMs turned into requests that make them again: all that was set, nothing that Azure fills in. */
import type { NetworkInterfaceReference, VirtualMachine } from "@azure/arm-compute";
import type { RestoredVm } from "../../domain/restore.js";
import { pick } from "./disk-models.js";

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
  "userData",
  "extensionsTimeBudget",
  "platformFaultDomain",
  "scheduledEventsProfile",
  "capacityReservation",
  "applicationProfile",
  "resiliencyProfile",
] as const satisfies readonly (keyof VirtualMachine)[];

/** No place of a VM's may be left without its disk: Azure would make an empty one. */
export function idAt(disks: RestoredVm["disks"], wanted: number): string {
  const found = disks.find(({ lun }) => lun === wanted);
  if (found === undefined) throw new RangeError(`There is no disk for LUN ${wanted}.`);
  return found.id;
}

/** The saved model on other disks: each at the LUN, and with the caching, of the one that it replaces. */
export function restoredVm(vm: VirtualMachine, { disks }: RestoredVm): VirtualMachine {
  const { osDisk, dataDisks = [], diskControllerType } = vm.storageProfile ?? {};
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
        managedDisk: { id: idAt(disks, -1) },
      },
      dataDisks: dataDisks.map((disk) => ({
        ...pick(disk, ["caching", "deleteOption", "writeAcceleratorEnabled"]),
        ...attached,
        lun: disk.lun,
        managedDisk: { id: idAt(disks, disk.lun) },
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

export const extensionsOf = ({ resources = [] }: VirtualMachine): string[] =>
  resources.flatMap(({ name }) => name ?? []);

/** What a VM that is made again does not get back, or not the same, in words for people. */
export function lostBy(vm: VirtualMachine): string[] {
  const extensions = extensionsOf(vm);
  return [
    ...(vm.identity?.type?.startsWith("SystemAssigned") === true
      ? ["The system-assigned identity is new: grant its roles again."]
      : []),
    ...(extensions.length > 0
      ? [
          `Azure no longer knows the extensions that are in the guest: install ${extensions.join(", ")} again.`,
        ]
      : []),
    ...profileLost(vm),
  ];
}

/** A VM made of disks has no OS profile; what of it Azure went on acting upon is named. */
function profileLost({ osProfile }: VirtualMachine): string[] {
  const { windowsConfiguration, linuxConfiguration, secrets = [] } = osProfile ?? {};
  const { patchMode = "" } = (windowsConfiguration ?? linuxConfiguration)?.patchSettings ?? {};
  const acting = [
    ...(["AutomaticByPlatform", "Manual"].includes(patchMode) ? [`patch mode ${patchMode}`] : []),
    ...(secrets.length > 0 ? [`certificates of ${secrets.length} key vaults`] : []),
  ];
  return acting.length === 0
    ? []
    : [`A VM created from disks has no OS profile: configure its ${acting.join(" and ")} another way.`];
}
