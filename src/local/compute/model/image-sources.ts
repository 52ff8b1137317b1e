/** What a VM or disk can be made from: a managed image, a gallery version (own, shared, community), the Marketplace. */
import { healthyGuest, merge } from "../guests/guest.js";
import { GIB } from "../content/contents.js";
import { parseId } from "./arm-ids.js";
import { ArmError, invalidParameter } from "./errors.js";
import { findOffer, OFFERS } from "./marketplace.js";
import type { Definition, Gallery, ImageDisk, Version } from "./resources.js";
import { all, find, type World } from "./world.js";

export interface ImageSource {
  readonly osType: "Linux" | "Windows";
  readonly osState: "Generalized" | "Specialized";
  readonly generation: "V1" | "V2";
  readonly os: ImageDisk;
  readonly data: readonly ImageDisk[];
  readonly exactVersion?: string;
  readonly features?: readonly { readonly name: string; readonly value: string }[];
}

export interface ImageReference {
  readonly id?: string | undefined;
  readonly publisher?: string | undefined;
  readonly offer?: string | undefined;
  readonly sku?: string | undefined;
  readonly version?: string | undefined;
  readonly communityGalleryImageId?: string | undefined;
  readonly sharedGalleryImageId?: string | undefined;
}

const missing = (what: string): ArmError =>
  new ArmError(404, {
    code: "ImageNotFound",
    message: `The image '${what}' could not be found.`,
    target: "imageReference",
  });

export function resolveImage(world: World, reference: ImageReference): ImageSource {
  const { id, communityGalleryImageId, sharedGalleryImageId, publisher } = reference;
  if (id !== undefined) return fromId(world, id);
  if (communityGalleryImageId !== undefined)
    return fromPublic(world, communityGalleryImageId, communityNames);
  if (sharedGalleryImageId !== undefined) return fromPublic(world, sharedGalleryImageId, uniqueNames);
  if (publisher !== undefined) return fromMarketplace(world, reference);
  throw invalidParameter("Required parameter 'imageReference' is missing (null).", "imageReference");
}

/** What the Marketplace's lists answer as an image's id; only disks take it. */
const PLATFORM =
  /\/locations\/[^/]+\/publishers\/([^/]+)\/artifacttypes\/vmimage\/offers\/([^/]+)\/skus\/([^/]+)\/versions\/([^/]+)$/i;

function fromId(world: World, id: string): ImageSource {
  const platform = PLATFORM.exec(id);
  if (platform !== null) {
    const [, publisher = "", offer = "", sku = "", version = ""] = platform;
    return fromMarketplace(world, { publisher, offer, sku, version });
  }
  const type = parseId(id).type.toLowerCase();
  if (type === "microsoft.compute/images") {
    const image = find(world, "Microsoft.Compute/images", id);
    if (image?.inner.os === undefined) throw missing(id);
    const { osType, osState } = image.body.properties.storageProfile?.osDisk ?? {};
    if (osType === undefined || osState === undefined) throw missing(id);
    return {
      osType,
      osState,
      generation: image.body.properties.hyperVGeneration ?? "V1",
      os: image.inner.os,
      data: image.inner.data,
    };
  }
  if (type === "microsoft.compute/galleries/images/versions")
    return fromVersion(world, find(world, "Microsoft.Compute/galleries/images/versions", id), id);
  const definition = find(world, "Microsoft.Compute/galleries/images", id);
  if (definition === undefined) throw missing(id);
  return fromVersion(world, latestVersion(world, definition), id);
}

/** The highest finished version that does not stand aside from "latest". */
export function latestVersion(world: World, definition: Definition): Version | undefined {
  return [...all(world, "Microsoft.Compute/galleries/images/versions", definition.body.id)]
    .filter(
      ({ body: { properties } }) =>
        properties.provisioningState === "Succeeded" &&
        properties.publishingProfile?.excludeFromLatest !== true,
    )
    .sort((a, b) => compareVersions(b.body.name, a.body.name))[0];
}

const compareVersions = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

function fromVersion(world: World, version: Version | undefined, asked: string): ImageSource {
  const definition =
    version === undefined
      ? undefined
      : find(world, "Microsoft.Compute/galleries/images", version.body.id.split("/").slice(0, -2).join("/"));
  if (version?.inner.os === undefined || definition === undefined) throw missing(asked);
  const { osType, osState, hyperVGeneration, features } = definition.body.properties;
  return {
    osType,
    osState,
    generation: hyperVGeneration ?? "V1",
    os: version.inner.os,
    data: version.inner.data,
    exactVersion: version.body.name,
    ...(features === undefined ? {} : { features }),
  };
}

/** The names a community gallery is public under. */
export const communityNames = (gallery: Gallery): readonly string[] => {
  const info = gallery.body.properties.sharingProfile?.communityGalleryInfo;
  return info?.["communityGalleryEnabled"] === true ? (info["publicNames"] as string[]) : [];
};

/** The name a directly shared gallery is known by to those it is shared with. */
export const uniqueNames = (gallery: Gallery): readonly string[] =>
  gallery.body.properties.sharingProfile?.permissions === "Groups" && gallery.inner.shared.length > 0
    ? [(gallery.body.properties["identifier"] as { uniqueName: string }).uniqueName]
    : [];

/** `/CommunityGalleries/{name}/Images/{image}/Versions/{version|latest}` */
function fromPublic(world: World, id: string, namesOf: (gallery: Gallery) => readonly string[]): ImageSource {
  const [, galleryName = "", , image = "", , version = "latest"] = id
    .split("/")
    .filter((segment) => segment !== "");
  for (const gallery of all(world, "Microsoft.Compute/galleries")) {
    if (!namesOf(gallery).some((name) => name.toLowerCase() === galleryName.toLowerCase())) continue;
    const definitionId = `${gallery.body.id}/images/${image}`;
    return fromId(world, version === "latest" ? definitionId : `${definitionId}/versions/${version}`);
  }
  throw missing(id);
}

function fromMarketplace(
  world: World,
  { publisher = "", offer = "", sku = "", version = "latest" }: ImageReference,
): ImageSource {
  const found = findOffer(publisher, offer, sku);
  const exactVersion =
    version === "latest" ? found?.versions.at(-1) : found?.versions.find((known) => known === version);
  if (found === undefined || exactVersion === undefined) {
    throw new ArmError(404, {
      code: "PlatformImageNotFound",
      message: `The platform image '${publisher}:${offer}:${sku}:${version}' is not available. Verify that all fields in the storage profile are correct. (The simulator knows ${OFFERS.map((known) => `${known.publisher}:${known.offer}:${known.sku}`).join(", ")}.)`,
      target: "imageReference",
    });
  }
  const sizeBytes = found.sizeGb * GIB;
  const guest = merge(healthyGuest(found.osType, ""), found.guest);
  const contentId = world.contents.madeUp(`${publisher}:${offer}:${sku}:${exactVersion}`, sizeBytes);
  const os: ImageDisk = {
    holding: { contentId, sizeBytes, guest: { ...guest, sealed: true } },
    caching: "ReadWrite",
  };
  return {
    osType: found.osType,
    osState: "Generalized",
    generation: found.generation,
    os,
    data: [],
    exactVersion,
  };
}
