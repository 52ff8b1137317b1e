/** Gallery definitions and versions, and managed images. */
import type {
  GalleryDiskImage,
  GalleryImage,
  GalleryImageVersion,
  Image,
  ImageDisk,
  ReplicationStatus,
} from "@azure/arm-compute";
import type { ImageSource } from "../../domain/image.js";
import type { ImageOrder, MadeImage } from "../../domain/image-order.js";
import type { Progress } from "../../domain/outcome.js";
import { done, succeeded } from "../../domain/outcome.js";
import { RUN_TAG } from "../../domain/names.js";
import type { DefinitionFacts } from "../../domain/target-check.js";
import type { GalleryTarget, Target } from "../../domain/target.js";
import type { Images } from "../../ports/images.js";
import type { Arm } from "./client.js";
import { idOf, locate } from "./client.js";
import { isNotFound } from "./errors.js";
import { answer, progressOf, submit } from "./submit.js";

export function armImages(cloud: Arm): Images {
  return {
    look: (target, runId) => answer(() => lookAt(cloud, target, runId)),

    definition: {
      start(order) {
        const target = galleryTarget(order);
        const { client, group, names } = locate(cloud, target.definitionId);
        return submit(() =>
          client.galleryImages.createOrUpdate(
            group,
            names[0],
            names[1] ?? "",
            definitionModel(order, target),
          ),
        );
      },
      ask({ input, started }) {
        const { client, group, names } = locate(cloud, galleryTarget(input).definitionId);
        const get = () => client.galleryImages.get(group, names[0], names[1] ?? "");
        return progressOf(cloud, started, get, () => succeeded(null));
      },
    },

    managedImage: {
      start(order) {
        const { client, group, names } = locate(cloud, imageIdOf(order.target));
        return submit(() => client.images.createOrUpdate(group, names[0], imageModel(order)));
      },
      ask({ input, started }) {
        const id = imageIdOf(input.target);
        const { client, group, names } = locate(cloud, id);
        return progressOf(
          cloud,
          started,
          () => client.images.get(group, names[0]),
          ({ storageProfile = {} }) => {
            const { osDisk, dataDisks = [] } = storageProfile;
            return succeeded({ id, disks: [...(osDisk ? [osDisk] : []), ...dataDisks].map(fromImageDisk) });
          },
        );
      },
    },

    galleryVersion: {
      start(order) {
        const target = galleryTarget(order);
        const { client, group, names } = locate(cloud, target.definitionId);
        const name = order.version ?? "";
        return submit(() =>
          client.galleryImageVersions.createOrUpdate(
            group,
            names[0],
            names[1] ?? "",
            name,
            versionModel(order, target),
          ),
        );
      },
      ask({ input, started }) {
        const id = `${galleryTarget(input).definitionId}/versions/${input.version ?? ""}`;
        const { client, group, names } = locate(cloud, id);
        const [gallery, image = "", version = ""] = names;
        const expand = { expand: "ReplicationStatus" };
        return progressOf(
          cloud,
          started,
          () => client.galleryImageVersions.get(group, gallery, image, version, expand),
          ({ storageProfile = {} }) => {
            const { osDiskImage, dataDiskImages = [] } = storageProfile;
            const disks = [...(osDiskImage ? [osDiskImage] : []), ...dataDiskImages].map(fromGalleryDisk);
            return succeeded({ id, disks });
          },
          ({ replicationStatus }) => replicationOf(replicationStatus),
        );
      },
    },

    promotion: {
      async start({ versionId }) {
        const { versions, path } = versionAt(cloud, versionId);
        const known = await answer(() => versions.get(...path), "TARGET_NOT_FOUND");
        if (known.status !== "done") return known;
        if (known.value.publishingProfile?.excludeFromLatest !== true) return done({});
        // Whole, as it was read: a publishing profile that is sent in part loses its regions.
        const publishingProfile = { ...known.value.publishingProfile, excludeFromLatest: false };
        return submit(() => versions.createOrUpdate(...path, { ...known.value, publishingProfile }));
      },
      ask({ input, started }) {
        const { versions, path } = versionAt(cloud, input.versionId);
        return progressOf(
          cloud,
          started,
          () => versions.get(...path),
          () => succeeded(null),
        );
      },
    },
  };
}

function versionAt(cloud: Arm, versionId: string) {
  const { client, group, names } = locate(cloud, versionId);
  const [gallery, image = "", version = ""] = names;
  return { versions: client.galleryImageVersions, path: [group, gallery, image, version] as const };
}

async function lookAt(cloud: Arm, target: Target, runId?: string): Promise<DefinitionFacts> {
  const absent: DefinitionFacts = { parentExists: true, exists: false, versions: [] };
  if (target.kind === "managed-image") {
    const { client, group, names } = locate(cloud, target.imageId);
    const image = await found(() => client.images.get(group, names[0]));
    if (image === undefined || runId === undefined || image.tags?.[RUN_TAG] !== runId)
      return { ...absent, exists: image !== undefined };
    return { ...absent, exists: true, ours: { state: image.provisioningState ?? "" } };
  }
  const { client, group, names } = locate(cloud, target.definitionId);
  const [gallery, image = ""] = names;
  const definition = await found(() => client.galleryImages.get(group, gallery, image));
  if (definition === undefined)
    return {
      ...absent,
      parentExists: (await found(() => client.galleries.get(group, gallery))) !== undefined,
    };
  const versions: GalleryImageVersion[] = [];
  for await (const version of client.galleryImageVersions.listByGalleryImage(group, gallery, image))
    versions.push(version);
  const ours = versions.find(({ tags }) => runId !== undefined && tags?.[RUN_TAG] === runId);
  return {
    parentExists: true,
    exists: true,
    versions: versions.map(({ name = "" }) => name),
    definition: definitionFacts(definition),
    ...(ours ? { ours: { version: ours.name ?? "", state: ours.provisioningState ?? "" } } : {}),
  };
}

async function found<T>(get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const definitionFacts = (definition: GalleryImage) => ({
  osType: definition.osType ?? "",
  osState: definition.osState ?? "",
  generation: definition.hyperVGeneration ?? "V1",
  architecture: definition.architecture ?? "x64",
  features: Object.fromEntries((definition.features ?? []).map(({ name = "", value = "" }) => [name, value])),
  hasPlan: definition.purchasePlan?.name !== undefined,
});

function definitionModel(
  { traits, state, location, tags }: ImageOrder,
  { create }: GalleryTarget,
): GalleryImage {
  const features = [
    ...(traits.securityType === "Standard" ? [] : [{ name: "SecurityType", value: traits.securityType }]),
    ...(traits.diskController === "NVMe" ? [{ name: "DiskControllerTypes", value: "SCSI,NVMe" }] : []),
    ...(traits.acceleratedNetworking ? [{ name: "IsAcceleratedNetworkSupported", value: "True" }] : []),
  ];
  return {
    location,
    tags: { ...tags },
    osType: traits.osType,
    osState: state === "generalized" ? "Generalized" : "Specialized",
    hyperVGeneration: traits.generation,
    architecture: traits.architecture,
    identifier: { publisher: create?.publisher ?? "", offer: create?.offer ?? "", sku: create?.sku ?? "" },
    features,
    ...(traits.plan ? { purchasePlan: { ...traits.plan } } : {}),
  };
}

function versionModel({ location, tags, source }: ImageOrder, target: GalleryTarget): GalleryImageVersion {
  // The home region holds the image first; Azure refuses a version without it.
  const home = { name: location, replicas: 1, storageType: "Standard_LRS" as const };
  const named = target.regions.some(({ name }) => plain(name) === plain(location));
  return {
    location,
    tags: { ...tags },
    publishingProfile: {
      targetRegions: [...(named ? [] : [home]), ...target.regions].map(({ name, replicas, storageType }) => ({
        name,
        regionalReplicaCount: replicas,
        storageAccountType: storageType,
      })),
      replicationMode: target.replicationMode,
      excludeFromLatest: target.excludeFromLatest,
      ...(target.endOfLife === undefined ? {} : { endOfLifeDate: new Date(target.endOfLife) }),
    },
    storageProfile: versionSource(source),
    safetyProfile: { allowDeletionOfReplicatedLocations: true },
  };
}

const plain = (region: string) => region.toLowerCase().replaceAll(" ", "");

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

function imageModel({ location, tags, source, traits }: ImageOrder): Image {
  const base = { location, tags: { ...tags }, hyperVGeneration: traits.generation };
  if (source.from === "vm") return { ...base, sourceVirtualMachine: { id: source.vmId } };
  const disks = source.disks.map((disk) => ({
    lun: disk.lun,
    disk: {
      caching: disk.caching,
      ...(disk.sku === undefined ? {} : { storageAccountType: disk.sku }),
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

const fromImageDisk = ({ lun, diskSizeGB, caching }: ImageDisk & { lun?: number }) =>
  diskMade(lun, diskSizeGB, caching);

const fromGalleryDisk = ({ lun, sizeInGB, hostCaching }: GalleryDiskImage & { lun?: number }) =>
  diskMade(lun, sizeInGB, hostCaching);

const diskMade = (lun = -1, sizeGb?: number, caching?: string): MadeImage["disks"][number] => ({
  lun,
  ...(sizeGb === undefined ? {} : { sizeGb }),
  ...(caching === undefined ? {} : { caching }),
});

/** The whole is as far as the mean of its regions; the detail names each. */
function replicationOf(status: ReplicationStatus | undefined): Progress<never> {
  const regions = status?.summary ?? [];
  if (regions.length === 0) return { state: "running" };
  const percent = Math.floor(regions.reduce((sum, { progress = 0 }) => sum + progress, 0) / regions.length);
  const detail = regions.map(({ region, progress }) => `${region} ${progress ?? 0} %`).join(", ");
  return { state: "running", percent: Math.min(99, percent), detail };
}

function galleryTarget({ target }: ImageOrder): GalleryTarget {
  if (target.kind !== "gallery") throw new TypeError("A managed image has no gallery definition.");
  return target;
}

function imageIdOf(target: Target): string {
  if (target.kind !== "managed-image") throw new TypeError(`${target.definitionId} is not a managed image.`);
  return target.imageId;
}
