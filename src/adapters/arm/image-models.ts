/** Orders for images as the bodies of requests. */
import type { GalleryImage, GalleryImageVersion, Image, TargetRegion } from "@azure/arm-compute";
import type { ImageSource } from "../../domain/image.js";
import { setsIn } from "../../domain/image-keys.js";
import type { ImageOrder } from "../../domain/image-order.js";
import { sameRegion } from "../../domain/region.js";
import type { GalleryTarget } from "../../domain/target.js";
import { idOf } from "./client.js";

export function definitionModel(
  { traits, state, location, tags }: ImageOrder,
  { definitionId, create }: GalleryTarget,
): GalleryImage {
  if (create === undefined) throw new TypeError(`The request does not say how to make ${definitionId}.`);
  const features = [
    ...(traits.securityType === "Standard" ? [] : [{ name: "SecurityType", value: traits.securityType }]),
    ...(traits.diskController === "NVMe" ? [{ name: "DiskControllerTypes", value: "SCSI,NVMe" }] : []),
    ...(traits.acceleratedNetworking ? [{ name: "IsAcceleratedNetworkSupported", value: "True" }] : []),
    ...(traits.hibernates === true ? [{ name: "IsHibernateSupported", value: "True" }] : []),
  ];
  return {
    location,
    tags: { ...tags },
    osType: traits.osType,
    osState: state === "generalized" ? "Generalized" : "Specialized",
    hyperVGeneration: traits.generation,
    architecture: traits.architecture,
    identifier: { publisher: create.publisher, offer: create.offer, sku: create.sku },
    features,
    ...(traits.plan ? { purchasePlan: { ...traits.plan } } : {}),
  };
}

export function versionModel(
  { location, tags, source }: ImageOrder,
  target: GalleryTarget,
): GalleryImageVersion {
  // The home region holds the image first; Azure refuses a version without it.
  const home = { name: location, replicas: 1, storageType: "Standard_LRS" as const };
  const named = target.regions.some(({ name }) => sameRegion(name, location));
  return {
    location,
    tags: { ...tags },
    publishingProfile: {
      targetRegions: [...(named ? [] : [home]), ...target.regions].map((region) => ({
        name: region.name,
        regionalReplicaCount: region.replicas,
        storageAccountType: region.storageType,
        ...encryptionOf(source.from === "vm" ? [] : setsIn(region, location, source.disks)),
      })),
      replicationMode: target.replicationMode,
      excludeFromLatest: target.excludeFromLatest,
      ...(target.endOfLife === undefined ? {} : { endOfLifeDate: new Date(target.endOfLife) }),
    },
    storageProfile: versionSource(source),
    safetyProfile: { allowDeletionOfReplicatedLocations: true },
  };
}

function encryptionOf(sets: ReturnType<typeof setsIn>): Pick<TargetRegion, "encryption"> {
  if (sets.length === 0) return {};
  const dataDiskImages = sets.flatMap(({ lun, id }) => (lun < 0 ? [] : [{ lun, diskEncryptionSetId: id }]));
  const osDisk = sets.find(({ lun }) => lun < 0);
  return {
    encryption: {
      ...(osDisk ? { osDiskImage: { diskEncryptionSetId: osDisk.id } } : {}),
      ...(dataDiskImages.length > 0 ? { dataDiskImages } : {}),
    },
  };
}

function versionSource(source: ImageSource): NonNullable<GalleryImageVersion["storageProfile"]> {
  if (source.from === "vm") return { source: { virtualMachineId: source.vmId } };
  const images =
    source.from === "disks"
      ? source.disks.map(({ lun, caching, id }) => ({ lun, image: { hostCaching: caching, source: { id } } }))
      : source.disks.map(({ lun, caching, uri }) => {
          const { storageAccountId } = source;
          return { lun, image: { hostCaching: caching, source: { storageAccountId, uri } } };
        });
  const dataDiskImages = images.flatMap(({ lun, image }) => (lun < 0 ? [] : [{ lun, ...image }]));
  return {
    osDiskImage: images.find(({ lun }) => lun < 0)?.image ?? {},
    ...(dataDiskImages.length > 0 ? { dataDiskImages } : {}),
  };
}

export function imageModel({ location, tags, source, traits }: ImageOrder): Image {
  const base = { location, tags: { ...tags }, hyperVGeneration: traits.generation };
  if (source.from === "vm") return { ...base, sourceVirtualMachine: { id: source.vmId } };
  const disks = source.disks.map((disk) => ({
    lun: disk.lun,
    disk: {
      caching: disk.caching,
      ...(disk.sku === undefined ? {} : { storageAccountType: disk.sku }),
      ...(disk.encryptionSetId === undefined ? {} : { diskEncryptionSet: { id: disk.encryptionSetId } }),
      ...("uri" in disk ? { blobUri: disk.uri } : sourceOf(disk.id)),
    },
  }));
  const osDisk = disks.find(({ lun }) => lun < 0)?.disk ?? {};
  return {
    ...base,
    storageProfile: {
      osDisk: { ...osDisk, osType: traits.osType, osState: "Generalized" },
      dataDisks: disks.flatMap(({ lun, disk }) => (lun < 0 ? [] : [{ lun, ...disk }])),
    },
  };
}

const sourceOf = (id: string) =>
  idOf(id).type.toLowerCase() === "snapshots" ? { snapshot: { id } } : { managedDisk: { id } };
