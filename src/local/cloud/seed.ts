/**
 * What stands in a new local subscription: two VMs worth capturing, a gallery with a fitting definition for each,
 * and the group in which the sample settings put what is imported, with the work subnet.
 */
import type { Seed, SeedVm } from "../compute/seed.js";

export const LOCATION = "westeurope";
export const APP_GROUP = "app";
/** Named in local.settings.sample.json, as are the subscription and the work subnet. */
export const IMAGE_GROUP = "images";
export const GALLERY = "gallery";

export const windowsVm = {
  name: "win-app-01",
  osType: "Windows",
  generation: "V2",
  osDisk: { sizeGb: 127, caching: "ReadWrite" },
  dataDisks: [
    { lun: 0, sizeGb: 64, caching: "ReadOnly" },
    { lun: 3, sizeGb: 128, caching: "None" },
  ],
} as const satisfies SeedVm;

export const linuxVm = {
  name: "linux-app-01",
  osType: "Linux",
  generation: "V2",
  osDisk: { sizeGb: 30, caching: "ReadWrite" },
  dataDisks: [{ lun: 0, sizeGb: 32, caching: "ReadOnly" }],
} as const satisfies SeedVm;

export const windowsDefinition = "windows-app";
export const linuxDefinition = "linux-app";

export const newSubscription = (subscriptionId: string): Seed => ({
  subscriptionId,
  resourceGroups: [
    { name: APP_GROUP, location: LOCATION },
    { name: IMAGE_GROUP, location: LOCATION },
  ],
  virtualNetworks: [{ name: "isolated", resourceGroup: IMAGE_GROUP, subnets: [{ name: "work" }] }],
  vms: [windowsVm, linuxVm].map((vm) => ({ ...vm, dataDisks: [...vm.dataDisks], resourceGroup: APP_GROUP })),
  galleries: [
    {
      name: GALLERY,
      resourceGroup: IMAGE_GROUP,
      definitions: [
        { name: windowsDefinition, osType: "Windows", osState: "Generalized", generation: "V2" },
        { name: linuxDefinition, osType: "Linux", osState: "Generalized", generation: "V2" },
      ],
    },
  ],
});

const compute = (subscriptionId: string, group: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute`;

export const vmId = (subscriptionId: string, name: string): string =>
  `${compute(subscriptionId, APP_GROUP)}/virtualMachines/${name}`;

export const definitionId = (subscriptionId: string, name: string): string =>
  `${compute(subscriptionId, IMAGE_GROUP)}/galleries/${GALLERY}/images/${name}`;
