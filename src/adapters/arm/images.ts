/** Gallery definitions and versions, and managed images. */
import type {
  GalleryDiskImage,
  GalleryImage,
  GalleryImageVersion,
  ImageDisk,
  ReplicationStatus,
} from "@azure/arm-compute";
import type { ImageName, ImageOrder, MadeImage } from "../../domain/image-order.js";
import type { Outcome, Progress, Started } from "../../domain/outcome.js";
import { done, refused, succeeded } from "../../domain/outcome.js";
import { RUN_TAG } from "../../domain/names.js";
import type { DefinitionFacts } from "../../domain/target-check.js";
import type { GalleryTarget, Target } from "../../domain/target.js";
import type { Images } from "../../ports/images.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { definitionModel, imageModel, versionModel } from "./image-models.js";
import { ifFound, outcomeOf, progressOf, submit } from "./submit.js";
import { planOf } from "./vm-summary.js";

export function armImages(cloud: Arm): Images {
  return {
    look: (target, runId) => outcomeOf(() => lookAt(cloud, target, runId)),

    definition: {
      start(order) {
        const target = galleryTarget(order);
        const { client, group, names } = definitionAt(cloud, target);
        return submit(() =>
          client.galleryImages.createOrUpdate(group, ...names, definitionModel(order, target)),
        );
      },
      ask({ input, started }) {
        const { client, group, names } = definitionAt(cloud, galleryTarget(input));
        const get = () => client.galleryImages.get(group, ...names);
        return progressOf(cloud, started, get, () => succeeded(null));
      },
    },

    managedImage: {
      start(order) {
        const id = imageIdOf(order.target);
        const { client, group, names } = locate(cloud, id, "images");
        return unlessTaken(
          id,
          order,
          () => client.images.get(group, names[0]),
          () => submit(() => client.images.createOrUpdate(group, names[0], imageModel(order))),
        );
      },
      ask({ input, started }) {
        const id = imageIdOf(input.target);
        const { client, group, names } = locate(cloud, id, "images");
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
        const id = versionIdOf(order);
        const { client, path } = versionAt(cloud, id);
        const model = versionModel(order, galleryTarget(order));
        return unlessTaken(
          id,
          order,
          () => client.galleryImageVersions.get(...path),
          () => submit(() => client.galleryImageVersions.createOrUpdate(...path, model)),
        );
      },
      ask({ input, started }) {
        const id = versionIdOf(input);
        const { client, path } = versionAt(cloud, id);
        return progressOf(
          cloud,
          started,
          () => client.galleryImageVersions.get(...path, { expand: "ReplicationStatus" }),
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
        const { client, path } = versionAt(cloud, versionId);
        const known = await outcomeOf(() => client.galleryImageVersions.get(...path), "TARGET_NOT_FOUND");
        if (known.status !== "done") return known;
        if (known.value.publishingProfile?.excludeFromLatest !== true) return done({});
        // A profile that is sent in part loses its regions, and the schema of the change wants the source again.
        const { publishingProfile, storageProfile = {} } = known.value;
        const change = {
          publishingProfile: { ...publishingProfile, excludeFromLatest: false },
          storageProfile,
        };
        return submit(() => client.galleryImageVersions.update(...path, change));
      },
      ask({ input, started }) {
        const { client, path } = versionAt(cloud, input.versionId);
        return progressOf(
          cloud,
          started,
          () => client.galleryImageVersions.get(...path),
          () => succeeded(null),
        );
      },
    },
  };
}

const definitionAt = (cloud: Arm, { definitionId }: GalleryTarget) =>
  locate(cloud, definitionId, "galleries/images");

function versionIdOf(order: ImageName): string {
  const { definitionId } = galleryTarget(order);
  if (order.version === undefined) throw new TypeError(`A version of ${definitionId} has a number.`);
  return `${definitionId}/versions/${order.version}`;
}

function versionAt(cloud: Arm, versionId: string) {
  const { client, group, names } = locate(cloud, versionId, "galleries/images/versions");
  return { client, path: [group, ...names] as const };
}

/** Hours pass between the preflight and this: a PUT on what another run has made since would be an update of it. */
async function unlessTaken(
  id: string,
  { tags }: ImageOrder,
  get: () => Promise<{ tags?: Record<string, string> }>,
  make: () => Promise<Outcome<Started>>,
): Promise<Outcome<Started>> {
  const standing = await outcomeOf(() => ifFound(get));
  if (standing.status !== "done") return standing;
  if (standing.value === undefined || standing.value.tags?.[RUN_TAG] === tags[RUN_TAG]) return make();
  return refused(
    "TARGET_EXISTS",
    `${id} was made by another since this run looked.`,
    'Specify another version, or use "next-patch".',
  );
}

async function lookAt(cloud: Arm, target: Target, runId?: string): Promise<DefinitionFacts> {
  const absent: DefinitionFacts = { parentExists: true, exists: false, versions: [] };
  if (target.kind === "managed-image") {
    const { client, group, names } = locate(cloud, target.imageId, "images");
    const image = await ifFound(() => client.images.get(group, names[0]));
    if (image === undefined || runId === undefined || image.tags?.[RUN_TAG] !== runId)
      return { ...absent, exists: image !== undefined };
    return { ...absent, exists: true, ours: { state: image.provisioningState ?? "" } };
  }
  const { client, group, names } = definitionAt(cloud, target);
  const [gallery, image] = names;
  const definition = await ifFound(() => client.galleryImages.get(group, gallery, image));
  if (definition === undefined)
    return {
      ...absent,
      parentExists: (await ifFound(() => client.galleries.get(group, gallery))) !== undefined,
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

const definitionFacts = (definition: GalleryImage) => ({
  osType: definition.osType ?? "",
  osState: definition.osState ?? "",
  generation: definition.hyperVGeneration ?? "V1",
  architecture: definition.architecture ?? "x64",
  features: Object.fromEntries((definition.features ?? []).map(({ name = "", value = "" }) => [name, value])),
  ...planOf(definition.purchasePlan),
});

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

function galleryTarget({ target }: ImageName): GalleryTarget {
  if (target.kind !== "gallery") throw new TypeError("A managed image has no gallery definition.");
  return target;
}

function imageIdOf(target: Target): string {
  if (target.kind !== "managed-image") throw new TypeError(`${target.definitionId} is not a managed image.`);
  return target.imageId;
}
