/** What of a source VM and its disks is carried over to their copies, and what of a VM is lost and has to be told. */
import { describe, expect, test } from "vitest";
import type { Disk, VirtualMachine } from "@azure/arm-compute";
import { restoredDisk, snapshotOf, workingDisk } from "../../../src/adapters/arm/disk-models.js";
import { workingVm } from "../../../src/adapters/arm/virtual-machines.js";
import { lostBy } from "../../../src/adapters/arm/vm-models.js";
import { allDisks } from "../../../src/domain/vm.js";
import { windowsVm } from "../../support/capture-world.js";

const ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute";
const POINT = `${ID}/restorePointCollections/c/restorePoints/p/diskRestorePoints/d`;
const nature: Partial<Disk> = {
  location: "westeurope",
  zones: ["2"],
  sku: { name: "Premium_LRS" },
  osType: "Linux",
  hyperVGeneration: "V2",
  diskSizeGB: 30,
  purchasePlan: { name: "shop", publisher: "contoso", product: "web" },
  supportedCapabilities: {
    architecture: "Arm64",
    diskControllerTypes: "SCSI, NVMe",
    acceleratedNetwork: true,
  },
  encryption: {
    type: "EncryptionAtRestWithCustomerKey",
    diskEncryptionSetId: `${ID}/diskEncryptionSets/ours`,
  },
  securityProfile: { securityType: "TrustedLaunch" },
  supportsHibernation: true,
};
const settings: Partial<Disk> = {
  networkAccessPolicy: "AllowPrivate",
  diskAccessId: `${ID}/diskAccesses/private`,
  publicNetworkAccess: "Disabled",
  tier: "P30",
  burstingEnabled: true,
  maxShares: 1,
};
const saved = {
  ...nature,
  ...settings,
  tags: { owner: "shop" },
  sku: { name: "Premium_LRS", tier: "Premium" },
  ...{ id: `${ID}/disks/os`, managedBy: `${ID}/virtualMachines/web`, uniqueId: "u", diskState: "Attached" },
  ...{
    provisioningState: "Succeeded",
    timeCreated: new Date(0),
    creationData: { createOption: "FromImage" },
  },
} as Disk;
const tags = { "vmimage-run": "run-1" };

describe("a disk made from a backup", () => {
  test("for a working VM is the same disk, read by nobody else, and tagged as ours alone", () => {
    expect(workingDisk(saved, POINT, tags)).toEqual({
      ...nature,
      tags,
      networkAccessPolicy: "DenyAll",
      publicNetworkAccess: "Disabled",
      creationData: { createOption: "Restore", sourceResourceId: POINT },
    });
  });

  test("for a restore has all that was set on it too, and its tags with ours", () => {
    expect(restoredDisk(saved, `${ID}/snapshots/os`, tags)).toEqual({
      ...nature,
      ...settings,
      tags: { owner: "shop", ...tags },
      creationData: { createOption: "Copy", sourceResourceId: `${ID}/snapshots/os` },
    });
  });

  test("names no zone where the disk has none, whatever its VM has", () => {
    const redundant = Object.fromEntries(Object.entries(saved).filter(([name]) => name !== "zones")) as Disk;
    expect(workingDisk(redundant, POINT, tags)).not.toHaveProperty("zones");
  });
});

test("a snapshot is under the key that its disk is under", () => {
  const order = { captureId: "run-1", snapshotId: "s", diskId: `${ID}/disks/os`, lun: -1, tags };
  expect(snapshotOf(saved, order)).toMatchObject({ encryption: nature.encryption, incremental: true });
});

describe("a working VM", () => {
  const copies = allDisks(windowsVm).map(({ lun }) => ({ lun, id: `${ID}/disks/copy-${lun}` }));
  const order = { vmId: `${ID}/virtualMachines/work`, subnetId: "/subnets/work", tags };
  const source = { ...windowsVm, zones: ["2"], diskController: "NVMe" as const };

  test("has each copy at its LUN, however the backup lists them, and takes them along when it goes", () => {
    const { storageProfile } = workingVm({ ...order, source, disks: [...copies].reverse() });
    const { osDisk, dataDisks = [] } = storageProfile ?? {};
    expect(osDisk).toMatchObject({ managedDisk: { id: `${ID}/disks/copy--1` }, deleteOption: "Delete" });
    expect(dataDisks.map(({ lun, caching, managedDisk }) => [lun, caching, managedDisk?.id])).toEqual([
      [0, "None", `${ID}/disks/copy-0`],
      [3, "ReadOnly", `${ID}/disks/copy-3`],
      [7, "ReadWrite", `${ID}/disks/copy-7`],
    ]);
    expect(new Set(dataDisks.map(({ deleteOption }) => deleteOption))).toEqual(new Set(["Delete"]));
  });

  test("is what its source is, in the isolated subnet, with no way in and nothing of the guest's to set", () => {
    const vm = workingVm({ ...order, source, disks: copies });
    expect(vm).toMatchObject({ zones: ["2"], hardwareProfile: { vmSize: source.size }, tags });
    expect(vm.storageProfile?.diskControllerType).toBe("NVMe");
    expect(vm).not.toHaveProperty("osProfile");
    expect(vm).not.toHaveProperty("securityProfile");
    const [nic] = vm.networkProfile?.networkInterfaceConfigurations ?? [];
    expect(nic?.ipConfigurations).toEqual([{ name: "only", subnet: { id: "/subnets/work" } }]);
  });

  test("of a trusted launch, encrypted at its host, is so too, with the same switches", () => {
    const trusted = {
      securityType: "TrustedLaunch" as const,
      secureBoot: false,
      vTpm: true,
      encryptionAtHost: true,
    };
    const vm = workingVm({ ...order, source: { ...source, ...trusted }, disks: copies });
    expect(vm.securityProfile).toEqual({
      securityType: "TrustedLaunch",
      uefiSettings: { secureBootEnabled: false, vTpmEnabled: true },
      encryptionAtHost: true,
    });
  });

  test("is not asked for with a disk missing: Azure would not miss it", () => {
    expect(() => workingVm({ ...order, source, disks: copies.slice(0, 3) })).toThrow(/LUN 7/);
  });
});

describe("of a VM that is made again is lost, and told", () => {
  const lost = (vm: Partial<VirtualMachine>) => lostBy({ location: "westeurope", ...vm });
  test.each<[string, Partial<VirtualMachine>, RegExp[]]>([
    ["nothing of a plain one", { osProfile: { computerName: "web" } }, []],
    ["its system-assigned identity", { identity: { type: "SystemAssigned" } }, [/roles again/]],
    ["no identity that was assigned to it", { identity: { type: "UserAssigned" } }, []],
    [
      "how Azure patches it",
      { osProfile: { linuxConfiguration: { patchSettings: { patchMode: "AutomaticByPlatform" } } } },
      [/patch mode AutomaticByPlatform/],
    ],
    [
      "no patching that its image brings",
      { osProfile: { linuxConfiguration: { patchSettings: { patchMode: "ImageDefault" } } } },
      [],
    ],
    ["its key vaults' certificates", { osProfile: { secrets: [{}, {}] } }, [/certificates of 2 key vaults/]],
  ])("%s", (_, vm, expected) => {
    const found = lost(vm);
    expect(found).toHaveLength(expected.length);
    for (const [index, word] of expected.entries()) expect(found[index]).toMatch(word);
  });
});
