/** Orders for images as Azure is sent them: what of the disks, of the request and of the source stands in them. */
import { describe, expect, test } from "vitest";
import { definitionModel, imageModel, versionModel } from "../../../src/adapters/arm/image-models.js";
import { traitsOf } from "../../../src/domain/image.js";
import type { ImageOrder } from "../../../src/domain/image-order.js";
import type { GalleryTarget } from "../../../src/domain/target.js";
import { allDisks } from "../../../src/domain/vm.js";
import { windowsVm } from "../../support/capture-world.js";

const ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute";
const tags = { "vmimage-run": "run-1" };
const target: GalleryTarget = {
  kind: "gallery",
  definitionId: `${ID}/galleries/g/images/web`,
  version: "1.0.0",
  regions: [],
  replicationMode: "Full",
  excludeFromLatest: false,
  create: { publisher: "contoso", offer: "web", sku: "shop" },
};
const vm: ImageOrder["source"] = { from: "vm", vmId: `${ID}/virtualMachines/work` };
const disks = {
  from: "disks" as const,
  disks: allDisks(windowsVm).map(({ lun, caching, sizeGb, sku }) => ({
    ...{ lun, caching, sizeGb, sku },
    id: `${ID}/disks/copy-${lun}`,
  })),
};
const orderOf = (source: ImageOrder["source"], more: Partial<ImageOrder> = {}): ImageOrder => ({
  ...{ target, location: "westeurope", state: "generalized", source, tags, traits: traitsOf(windowsVm) },
  ...more,
});

describe("a gallery version", () => {
  test("of a VM names the VM alone: Azure takes its disks as they are attached", () => {
    expect(versionModel(orderOf(vm), target).storageProfile).toEqual({
      source: { virtualMachineId: `${ID}/virtualMachines/work` },
    });
  });

  test("of disks has each at its LUN with its caching", () => {
    const { osDiskImage, dataDiskImages = [] } = versionModel(orderOf(disks), target).storageProfile ?? {};
    expect(osDiskImage).toEqual({ hostCaching: "ReadWrite", source: { id: `${ID}/disks/copy--1` } });
    expect(dataDiskImages.map(({ lun, hostCaching, source }) => [lun, hostCaching, source?.id])).toEqual([
      [0, "None", `${ID}/disks/copy-0`],
      [3, "ReadOnly", `${ID}/disks/copy-3`],
      [7, "ReadWrite", `${ID}/disks/copy-7`],
    ]);
  });

  test("goes to the regions that were asked for, as asked, and to its home in any case", () => {
    const regions = [{ name: "North Europe", replicas: 3, storageType: "Standard_ZRS" as const }];
    const asked = { regionalReplicaCount: 3, storageAccountType: "Standard_ZRS" };
    const home = { name: "westeurope", regionalReplicaCount: 1, storageAccountType: "Standard_LRS" };
    const regionsOf = (wanted: GalleryTarget["regions"]) =>
      versionModel(orderOf(vm), { ...target, regions: wanted }).publishingProfile?.targetRegions;
    expect(regionsOf([])).toEqual([home]);
    expect(regionsOf(regions)).toEqual([home, { name: "North Europe", ...asked }]);
    const atHome = [{ ...regions[0]!, name: "West Europe" }];
    expect(regionsOf(atHome)).toEqual([{ name: "West Europe", ...asked }]);
  });

  const set = (name: string) => `${ID}/diskEncryptionSets/${name}`;
  const keyed = {
    from: "disks" as const,
    disks: disks.disks.map((disk) => ({
      ...disk,
      ...(disk.lun === 3 ? {} : { encryptionSetId: set("west") }),
    })),
  };
  const encryptionOf = (os: string, data: readonly (readonly [number, string])[]) => ({
    osDiskImage: { diskEncryptionSetId: set(os) },
    dataDiskImages: data.map(([lun, name]) => ({ lun, diskEncryptionSetId: set(name) })),
  });
  const asked = { replicas: 1, storageType: "Standard_LRS" as const };
  test.each([
    [
      "under the keys of its source at home alone",
      [],
      [
        encryptionOf("west", [
          [0, "west"],
          [7, "west"],
        ]),
      ],
    ],
    [
      "under the set that another region names, all of it",
      [{ name: "North Europe", ...asked, encryptionSetId: set("north") }],
      [
        encryptionOf("west", [
          [0, "west"],
          [7, "west"],
        ]),
        encryptionOf("north", [
          [0, "north"],
          [3, "north"],
          [7, "north"],
        ]),
      ],
    ],
    [
      "under another set at home where one is named",
      [{ name: "West Europe", ...asked, encryptionSetId: set("other") }],
      [
        encryptionOf("other", [
          [0, "other"],
          [3, "other"],
          [7, "other"],
        ]),
      ],
    ],
  ])("lies %s", (_, regions, encryption) => {
    const { publishingProfile } = versionModel(orderOf(keyed), { ...target, regions });
    expect(publishingProfile?.targetRegions?.map((region) => region.encryption)).toEqual(encryption);
  });

  test("has the end of its life, its replication and its exclusion as asked", () => {
    const wanted = { endOfLife: "2031-01-31", replicationMode: "Shallow", excludeFromLatest: true } as const;
    expect(versionModel(orderOf(vm), { ...target, ...wanted })).toMatchObject({
      tags,
      publishingProfile: {
        endOfLifeDate: new Date("2031-01-31"),
        replicationMode: "Shallow",
        excludeFromLatest: true,
      },
    });
    expect(versionModel(orderOf(vm), target).publishingProfile).not.toHaveProperty("endOfLifeDate");
  });
});

describe("an image definition", () => {
  const plan = { name: "shop", publisher: "contoso", product: "web" };
  test.each([
    ["a plain VM", {}, []],
    ["a Trusted Launch", { securityType: "TrustedLaunch" }, ["SecurityType=TrustedLaunch"]],
    ["an NVMe controller", { diskController: "NVMe" }, ["DiskControllerTypes=SCSI,NVMe"]],
    ["accelerated networking", { acceleratedNetworking: true }, ["IsAcceleratedNetworkSupported=True"]],
    ["hibernation", { hibernates: true }, ["IsHibernateSupported=True"]],
  ] as const)("is made from what the VM is: %s", (_, traits, features) => {
    const made = definitionModel(
      orderOf(vm, { traits: traitsOf({ ...windowsVm, ...traits, plan }) }),
      target,
    );
    expect((made.features ?? []).map(({ name, value }) => `${name}=${value}`)).toEqual(features);
    expect(made).toMatchObject({
      ...{ osType: "Windows", osState: "Generalized", hyperVGeneration: "V2", architecture: "x64" },
      identifier: target.create,
      purchasePlan: plan,
    });
  });

  test("is of the state of what goes into it", () => {
    expect(definitionModel(orderOf(vm, { state: "specialized" }), target).osState).toBe("Specialized");
  });
});

describe("a managed image", () => {
  test("of a VM names the VM alone", () => {
    expect(imageModel(orderOf(vm))).toEqual({
      ...{ location: "westeurope", tags, hyperVGeneration: "V2" },
      sourceVirtualMachine: { id: `${ID}/virtualMachines/work` },
    });
  });

  test("of disks under customers' keys lies under the same", () => {
    const encryptionSetId = `${ID}/diskEncryptionSets/west`;
    const [osDisk, ...others] = disks.disks;
    const { storageProfile } = imageModel(
      orderOf({ from: "disks", disks: [{ ...osDisk!, encryptionSetId }, ...others] }),
    );
    expect(storageProfile?.osDisk?.diskEncryptionSet).toEqual({ id: encryptionSetId });
    expect(storageProfile?.dataDisks?.[0]).not.toHaveProperty("diskEncryptionSet");
  });

  test("of disks has each at its LUN with its caching and its type", () => {
    const { osDisk, dataDisks = [] } = imageModel(orderOf(disks)).storageProfile ?? {};
    expect(osDisk).toMatchObject({ osType: "Windows", osState: "Generalized", caching: "ReadWrite" });
    expect(
      dataDisks.map(({ lun, caching, storageAccountType }) => [lun, caching, storageAccountType]),
    ).toEqual([
      [0, "None", "Premium_LRS"],
      [3, "ReadOnly", "Standard_LRS"],
      [7, "ReadWrite", "Standard_LRS"],
    ]);
  });
});
