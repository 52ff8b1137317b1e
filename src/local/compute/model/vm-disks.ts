/** The disks of a VM request: attached, made empty, copied or made from an image; each LUN once. */
import { randomUUID } from "node:crypto";
import { GIB } from "../content/contents.js";
import { type Guest, provisioned } from "../guests/guest.js";
import { groupId, parseId, sameId } from "./arm-ids.js";
import { copyHolding, diskSource } from "./disk-sources.js";
import { checkSize } from "./disk-sizes.js";
import { attachable, makeDisk } from "./disks.js";
import { vmErrors } from "./vm-errors.js";
import { type ImageSource, resolveImage } from "./image-sources.js";
import type { Disk, ImageDisk, Vm, VmDataDisk, VmOsDisk } from "./resources.js";
import { type World, save } from "./world.js";

type Profile = NonNullable<Vm["body"]["properties"]["storageProfile"]>;

export interface VmPlace {
  readonly id: string;
  readonly location: string;
  readonly zones?: string[] | undefined;
  /** The disks that are made with the VM are made with its tags (terraform-provider-azurerm#8162). */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly computerName: string;
  readonly user: string;
}

export interface BuiltDisks {
  readonly storageProfile: Profile;
  readonly image?: ImageSource;
  readonly generation: "V1" | "V2";
}

export function checkDataDisks(dataDisks: readonly VmDataDisk[]): void {
  const seen = new Map<number, string>();
  for (const { lun, name = "", diskSizeGB } of dataDisks) {
    checkSize(diskSizeGB);
    const other = seen.get(lun);
    if (other !== undefined) throw vmErrors.sameLun(other, lun);
    seen.set(lun, name);
  }
}

/** Makes or attaches everything a new VM's storage profile asks for. Checks come first: a refusal leaves nothing. */
export function buildDisks(world: World, place: VmPlace, profile: Profile): BuiltDisks {
  const { osDisk, dataDisks = [], imageReference } = profile;
  if (osDisk === undefined) throw vmErrors.missing("storageProfile.osDisk");
  checkDataDisks(dataDisks);
  checkSize(osDisk.diskSizeGB);
  for (const disk of dataDisks) if (disk.createOption === "Attach") attachable(world, diskId(disk), place.id);
  // Disks on page blobs are no resources; only the old capture asks after them, and they hold no guest here.
  if (osDisk.vhd !== undefined) {
    const osType =
      osDisk.osType ?? (imageReference === undefined ? "Linux" : resolveImage(world, imageReference).osType);
    return { generation: "V1", storageProfile: { ...profile, osDisk: { ...osDisk, osType }, dataDisks } };
  }
  if (osDisk.createOption === "Attach") {
    if (osDisk.osType === undefined) throw vmErrors.missing("osDisk.osType");
    const disk = attachable(world, diskId(osDisk), place.id);
    own(world, disk, place.id);
    return {
      generation: disk.body.properties.hyperVGeneration ?? "V1",
      storageProfile: {
        ...profile,
        osDisk: {
          ...osDisk,
          ...shown(disk),
          deleteOption: osDisk.deleteOption ?? "Detach",
          caching: osDisk.caching ?? "ReadWrite",
        },
        dataDisks: dataDisks.map((data) => buildDataDisk(world, place, data, undefined)),
      },
    };
  }
  if (osDisk.createOption !== "FromImage" || imageReference === undefined)
    throw vmErrors.badValue("osDisk.createOption", osDisk.createOption);
  const image = resolveImage(world, imageReference);
  const os = makeOsDisk(world, place, osDisk, image);
  // An image's data disks come along whether or not the request names them.
  const unnamed = image.data.filter(({ lun }) => !dataDisks.some((data) => data.lun === lun));
  const implied = unnamed.map(({ lun = 0, caching }): VmDataDisk => ({
    lun,
    caching,
    createOption: "FromImage",
  }));
  return {
    image,
    generation: image.generation,
    storageProfile: {
      ...profile,
      imageReference: {
        ...imageReference,
        ...(image.exactVersion === undefined ? {} : { exactVersion: image.exactVersion }),
      },
      osDisk: {
        ...osDisk,
        osType: image.osType,
        ...shown(os),
        deleteOption: osDisk.deleteOption ?? "Detach",
        caching: osDisk.caching ?? image.os.caching,
      },
      dataDisks: [...dataDisks, ...implied].map((data) => buildDataDisk(world, place, data, image)),
    },
  };
}

/** A VM from a sealed image is somebody new; one from a specialized image goes on as who it was. */
function makeOsDisk(world: World, place: VmPlace, asked: VmOsDisk, image: ImageSource): Disk {
  const { guest } = image.os.holding;
  const own: Guest | undefined =
    guest === undefined || image.osState === "Specialized"
      ? guest
      : provisioned(guest, place.computerName, place.user);
  const name = asked.name ?? `${parseId(place.id).name}_OsDisk_1_${randomUUID().replaceAll("-", "")}`;
  return ownedDisk(world, place, name, asked, {
    holding: { ...image.os.holding, ...(own === undefined ? {} : { guest: own }) },
    osType: image.osType,
    generation: image.generation,
  });
}

export function buildDataDisk(
  world: World,
  place: VmPlace,
  asked: VmDataDisk,
  image: ImageSource | undefined,
): VmDataDisk {
  if (asked.createOption === "Attach") {
    const disk = attachable(world, diskId(asked), place.id);
    own(world, disk, place.id);
    return {
      ...asked,
      ...shown(disk),
      caching: asked.caching ?? "None",
      deleteOption: asked.deleteOption ?? "Detach",
    };
  }
  const fromImage = image?.data.find(({ lun }) => lun === asked.lun);
  const name =
    asked.name ?? `${parseId(place.id).name}_disk${asked.lun + 2}_${randomUUID().replaceAll("-", "")}`;
  const disk = ownedDisk(world, place, name, asked, { holding: dataHolding(world, asked, fromImage) });
  return {
    ...asked,
    ...shown(disk),
    caching: asked.caching ?? fromImage?.caching ?? "None",
    deleteOption: asked.deleteOption ?? "Detach",
  };
}

function dataHolding(world: World, asked: VmDataDisk, fromImage: ImageDisk | undefined) {
  if (asked.createOption === "FromImage") {
    if (fromImage === undefined) throw vmErrors.badValue("dataDisk.lun", String(asked.lun));
    return fromImage.holding;
  }
  const creationData = { createOption: asked.createOption, sourceResourceId: asked.sourceResource?.id };
  return diskSource(world, creationData, asked.diskSizeGB).holding;
}

function ownedDisk(
  world: World,
  place: VmPlace,
  name: string,
  asked: VmOsDisk | VmDataDisk,
  source: Parameters<typeof makeDisk>[1]["source"],
): Disk {
  const { subscriptionId, group } = parseId(place.id);
  const sku = asked.managedDisk?.storageAccountType ?? "Premium_LRS";
  const disk = makeDisk(world, {
    id: `${groupId(subscriptionId, group)}/providers/Microsoft.Compute/disks/${name}`,
    location: place.location,
    source: { ...source, holding: copyHolding(source.holding) },
    envelope: {
      tags: place.tags,
      sku: { name: sku },
      ...(place.zones === undefined || sku.endsWith("_ZRS") ? {} : { zones: place.zones }),
    },
    properties: {
      creationData: { createOption: asked.createOption },
      ...(asked.diskSizeGB === undefined
        ? {}
        : { diskSizeGB: Math.max(asked.diskSizeGB, Math.ceil(source.holding.sizeBytes / GIB)) }),
    },
  });
  own(world, disk, place.id);
  return disk;
}

const diskId = (disk: VmOsDisk | VmDataDisk): string => {
  if (disk.managedDisk?.id === undefined) throw vmErrors.missing("managedDisk.id");
  return disk.managedDisk.id;
};

function own(world: World, disk: Disk, vmId: string): void {
  disk.inner.vmId = vmId;
  save(world, disk);
}

/** The members of a VM's disk that the service fills in. */
export const shown = (disk: Disk) => ({
  name: disk.body.name,
  managedDisk: { storageAccountType: (disk.body["sku"] as { name: string }).name, id: disk.body.id },
  ...(disk.body.properties.diskSizeGB === undefined ? {} : { diskSizeGB: disk.body.properties.diskSizeGB }),
});

export const holdsDisk = (profile: Profile | undefined, disk: Disk): boolean =>
  [profile?.osDisk, ...(profile?.dataDisks ?? [])].some(
    (held) => held?.managedDisk?.id !== undefined && sameId(held.managedDisk.id, disk.body.id),
  );
