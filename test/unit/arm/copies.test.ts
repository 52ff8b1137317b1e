/** What of a source VM's disks is carried over to their copies, and what of a VM is lost and has to be told. */
import { describe, expect, test } from "vitest";
import type { Disk, VirtualMachine } from "@azure/arm-compute";
import { restoredDisk, snapshotOf, workingDisk } from "../../../src/adapters/arm/disk-models.js";
import { lostBy } from "../../../src/adapters/arm/vm-models.js";

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
