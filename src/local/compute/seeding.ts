/** What stands in the subscription when the simulator starts for the first time: plain JSON, checked member by member. */
import { createHash } from "node:crypto";
import { GIB } from "./content/contents.js";
import { healthyGuest, merge } from "./guests/guest.js";
import { groupId, keyOf } from "./model/arm-ids.js";
import { makeDisk } from "./model/disks.js";
import { NEVER_MS } from "./model/durations.js";
import { makeGroup, makeLock } from "./model/resource-groups.js";
import type { Definition, Disk, Gallery, Vm } from "./model/resources.js";
import { makeExtension } from "./model/vm-extensions.js";
import { sizeOf } from "./model/vm-sizes.js";
import { newNics } from "./network/attachment.js";
import { NIC } from "./network/interfaces.js";
import { VNET } from "./network/virtual-networks.js";
import { seedNetwork, seedNic } from "./network/seeding.js";
import { type World, requireGroup, save, timestamp } from "./model/world.js";
import { DEFAULT_SUBSCRIPTION, type Seed, type SeedVm } from "./seed.js";

/** The same name gives the same id in every run, so that two runs can be compared. */
const stableGuid = (text: string): string => {
  const hex = createHash("sha256").update(text).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
};

export function applySeed(world: World, seed: Seed): void {
  const { settings } = world.tables;
  settings.set("subscription", seed.subscriptionId ?? DEFAULT_SUBSCRIPTION);
  settings.set("denied", seed.deniedActions ?? []);
  settings.set("quotas", seed.quotas ?? {});
  settings.set("closedSizes", seed.closedSizes ?? []);
  for (const { name, location, tags: groupTags = {} } of seed.resourceGroups)
    makeGroup(world, name, location, groupTags);
  const home = seed.resourceGroups[0];
  const placeOf = ({
    resourceGroup,
    location,
  }: {
    resourceGroup?: string | undefined;
    location?: string | undefined;
  }) => {
    const group = seed.resourceGroups.find(
      ({ name }) => keyOf(name) === keyOf(resourceGroup ?? home?.name ?? ""),
    );
    if (group === undefined)
      throw new Error(`The seed names the resource group '${resourceGroup ?? ""}', which it does not list.`);
    return { prefix: groupId(world.subscriptionId(), group.name), location: location ?? group.location };
  };
  for (const network of seed.virtualNetworks ?? []) seedNetwork(world, network, placeOf(network));
  for (const vm of seed.vms ?? []) seedVmInto(world, vm, placeOf(vm));
  for (const gallery of seed.galleries ?? []) seedGallery(world, gallery, placeOf(gallery));
  for (const { scope, name, level, notes } of seed.locks ?? []) {
    makeLock(
      world,
      scope.startsWith("/") ? scope : `/subscriptions/${world.subscriptionId()}/${scope}`,
      name,
      level,
      notes,
    );
  }
}

interface SeedDisk {
  readonly sizeGb: number;
  readonly sku: string;
  readonly maxShares?: number | undefined;
  readonly guestEncrypted?: boolean | undefined;
  readonly encryptionSetId?: string | undefined;
}

const underKeyOf = (diskEncryptionSetId: string) => ({
  type: "EncryptionAtRestWithCustomerKey",
  diskEncryptionSetId,
});

/** As the extension AzureDiskEncryption leaves it on a disk. */
const encryptedBy = (prefix: string) => ({
  enabled: true,
  encryptionSettings: [
    {
      diskEncryptionKey: {
        sourceVault: { id: `${prefix}/providers/Microsoft.KeyVault/vaults/keys` },
        secretUrl: "https://keys.vault.azure.net/secrets/disk/1",
      },
    },
  ],
  encryptionSettingsVersion: "1.1",
});

interface Place {
  readonly prefix: string;
  readonly location: string;
}

function seedVmInto(world: World, seed: SeedVm, { prefix, location }: Place): void {
  const id = `${prefix}/providers/Microsoft.Compute/virtualMachines/${seed.name}`;
  const generation = seed.generation ?? "V2";
  const user = seed.adminUsername ?? "azureuser";
  const size = sizeOf(seed.size ?? "Standard_D2s_v5");
  const healthy = healthyGuest(seed.osType, seed.name, user);
  if (healthy.os === "Windows")
    Object.assign(healthy.facts, { cpuCount: size.cores, memoryMiB: size.memoryGb * 1024 });
  const guest = merge(healthy, seed.guest);
  const hex = stableGuid(id).replaceAll("-", "");
  const zones = seed.zones === undefined ? {} : { zones: seed.zones };
  const seedDisk = (name: string, asked: SeedDisk, os: boolean): Disk => {
    const { sizeGb, sku } = asked;
    const sizeBytes = sizeGb * GIB;
    const disk = makeDisk(world, {
      id: `${prefix}/providers/Microsoft.Compute/disks/${name}`,
      location,
      source: {
        holding: {
          contentId: world.contents.madeUp(`${seed.name}/${name}`, sizeBytes),
          sizeBytes,
          ...(os ? { guest } : {}),
        },
        ...(os ? { osType: seed.osType, generation, architecture: seed.architecture } : {}),
      },
      // A zone-redundant disk lies in no zone.
      envelope: { sku: { name: sku }, ...(sku.endsWith("_ZRS") ? {} : zones) },
      properties: {
        creationData: { createOption: os ? "FromImage" : "Empty" },
        diskSizeGB: sizeGb,
        ...(asked.maxShares === undefined ? {} : { maxShares: asked.maxShares }),
        ...(asked.encryptionSetId === undefined ? {} : { encryption: underKeyOf(asked.encryptionSetId) }),
        ...(asked.guestEncrypted === true ? { encryptionSettingsCollection: encryptedBy(prefix) } : {}),
      },
    });
    disk.inner.vmId = id;
    save(world, disk);
    return disk;
  };
  const os = seedDisk(
    `${seed.name}_OsDisk_1_${hex}`,
    {
      ...seed.osDisk,
      sizeGb: seed.osDisk?.sizeGb ?? (seed.osType === "Windows" ? 127 : 30),
      sku: seed.osDisk?.sku ?? "Premium_LRS",
    },
    true,
  );
  const dataDisks = (seed.dataDisks ?? []).map(
    ({ lun, caching: diskCaching = "None", sku = "Premium_LRS", ...asked }) => {
      const { sizeGb } = asked;
      const disk = seedDisk(`${seed.name}_data_${lun}`, { ...asked, sku }, false);
      return {
        lun,
        name: disk.body.name,
        createOption: "Attach" as const,
        caching: diskCaching,
        diskSizeGB: sizeGb,
        managedDisk: { id: disk.body.id, storageAccountType: sku },
        deleteOption: "Detach" as const,
      };
    },
  );
  // A network lies in one region.
  const network = location === requireGroup(world, id).location ? "vnet" : `vnet-${location}`;
  const nicId = `${prefix}/providers/${NIC}/${seed.nic?.name ?? `${seed.name}-nic`}`;
  seedNic(world, {
    id: nicId,
    location,
    subnetId: seed.nic?.subnetId ?? `${prefix}/providers/${VNET}/${network}/subnets/default`,
  });
  const attachNic = newNics(world, { id, location }, { networkInterfaces: [{ id: nicId }] });
  const now = world.clock.now();
  const power = seed.power ?? "running";
  const { securityType } = seed;
  const vm: Vm = {
    type: "Microsoft.Compute/virtualMachines",
    body: {
      name: seed.name,
      id,
      type: "Microsoft.Compute/virtualMachines",
      location,
      tags: seed.tags ?? {},
      ...zones,
      ...(seed.identity === undefined ? {} : { identity: seed.identity }),
      ...(seed.plan === undefined ? {} : { plan: seed.plan }),
      properties: {
        hardwareProfile: { vmSize: seed.size ?? "Standard_D2s_v5" },
        provisioningState: "Succeeded",
        vmId: stableGuid(`${id}/vmId`),
        storageProfile: {
          osDisk: {
            osType: seed.osType,
            name: os.body.name,
            createOption: "FromImage",
            caching: seed.osDisk?.caching ?? "ReadWrite",
            managedDisk: { storageAccountType: seed.osDisk?.sku ?? "Premium_LRS", id: os.body.id },
            deleteOption: "Detach",
            diskSizeGB: os.body.properties.diskSizeGB,
            ...(seed.osDisk?.ephemeral === true ? { diffDiskSettings: { option: "Local" } } : {}),
          },
          dataDisks,
          diskControllerType: seed.diskControllerType ?? "SCSI",
        },
        osProfile: {
          computerName: seed.name,
          adminUsername: user,
          ...(seed.osType === "Linux"
            ? { linuxConfiguration: { disablePasswordAuthentication: true, provisionVMAgent: true } }
            : { windowsConfiguration: { provisionVMAgent: true, enableAutomaticUpdates: true } }),
          secrets: [],
          allowExtensionOperations: true,
          requireGuestProvisionSignal: true,
        },
        ...(securityType === undefined || securityType === "Standard"
          ? {}
          : {
              securityProfile: { uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }, securityType },
            }),
        networkProfile: attachNic(),
        timeCreated: timestamp(now),
      },
    },
    inner: {
      power,
      boot: 1,
      generalized: false,
      specialized: false,
      createdMs: now,
      changedMs: now,
      agentReadyMs: power === "running" ? now : NEVER_MS,
      generation,
      etag: 1,
    },
  };
  save(world, vm);
  for (const { name, version, ...properties } of seed.extensions ?? [])
    makeExtension(world, `${id}/extensions/${name}`, {
      location,
      properties: { ...properties, typeHandlerVersion: version, provisioningState: "Succeeded" },
    });
}

function seedGallery(
  world: World,
  seed: NonNullable<Seed["galleries"]>[number],
  { prefix, location }: Place,
): void {
  const id = `${prefix}/providers/Microsoft.Compute/galleries/${seed.name}`;
  const gallery: Gallery = {
    type: "Microsoft.Compute/galleries",
    body: {
      name: seed.name,
      id,
      type: "Microsoft.Compute/galleries",
      location,
      tags: {},
      properties: {
        identifier: { uniqueName: `${world.subscriptionId()}-${seed.name.toUpperCase()}` },
        provisioningState: "Succeeded",
      },
    },
    inner: { shared: [], lingering: [] },
  };
  save(world, gallery);
  for (const {
    name,
    generation,
    architecture,
    publisher,
    offer,
    sku,
    features,
    purchasePlan,
    ...state
  } of seed.definitions ?? []) {
    const definition: Definition = {
      type: "Microsoft.Compute/galleries/images",
      body: {
        name,
        id: `${id}/images/${name}`,
        type: "Microsoft.Compute/galleries/images",
        location,
        tags: {},
        properties: {
          hyperVGeneration: generation ?? "V2",
          architecture: architecture ?? "x64",
          ...state,
          ...(features === undefined ? {} : { features }),
          ...(purchasePlan === undefined ? {} : { purchasePlan }),
          identifier: { publisher: publisher ?? "contoso", offer: offer ?? name, sku: sku ?? "default" },
          provisioningState: "Succeeded",
        },
      },
      inner: { lingering: [] },
    };
    save(world, definition);
  }
}
