/** Galleries as those see them who do not own them: shared directly, or with everybody. Read only. */
import { ArmError } from "./errors.js";
import { DEFINITION, GALLERY, VERSION } from "./galleries.js";
import { communityNames, uniqueNames } from "./image-sources.js";
import type { Definition, Gallery, Version } from "./resources.js";
import { type Call, all, find, found, listed, type Outcome } from "./world.js";

type NamesOf = (gallery: Gallery) => readonly string[];
interface Audience {
  readonly namesOf: NamesOf;
  readonly root: string;
  readonly param: string;
}

const COMMUNITY: Audience = { namesOf: communityNames, root: "CommunityGalleries", param: "publicName" };
const SHARED: Audience = { namesOf: uniqueNames, root: "SharedGalleries", param: "uniqueName" };
const DISCLAIMER = "https://aka.ms/community-gallery-disclaimer";

const notFound = (what: string): ArmError =>
  new ArmError(404, { code: "NotFound", message: `Resource ${what} is not found.` });

function galleryOf(call: Call, { namesOf, param }: Audience): Gallery {
  const asked = call.params[param] ?? "";
  for (const gallery of all(call.world, GALLERY)) {
    if (namesOf(gallery).some((name) => name.toLowerCase() === asked.toLowerCase())) return gallery;
  }
  throw notFound(asked);
}

const uniqueId = (call: Call, { root, param }: Audience, ...rest: string[]): string =>
  [``, root, call.params[param] ?? "", ...rest].join("/");

const shell = (
  call: Call,
  audience: Audience,
  name: string,
  path: readonly string[],
  properties: unknown,
) => ({
  location: call.params["location"],
  name,
  identifier: { uniqueId: uniqueId(call, audience, ...path) },
  properties: audience === COMMUNITY ? { ...(properties as object), disclaimer: DISCLAIMER } : properties,
});

function imageBody(call: Call, audience: Audience, { body }: Definition) {
  const { osType, osState, identifier, hyperVGeneration, architecture, features } = body.properties;
  return shell(call, audience, body.name, ["Images", body.name], {
    osType,
    osState,
    identifier,
    hyperVGeneration,
    architecture,
    features,
  });
}

function versionBody(call: Call, audience: Audience, { body }: Version) {
  const { publishingProfile, storageProfile } = body.properties;
  const image = body.id.split("/").at(-3) ?? "";
  return shell(call, audience, body.name, ["Images", image, "Versions", body.name], {
    publishedDate: publishingProfile?.["publishedDate"],
    endOfLifeDate: publishingProfile?.endOfLifeDate,
    excludeFromLatest: publishingProfile?.excludeFromLatest,
    storageProfile: {
      osDiskImage: {
        diskSizeGB: storageProfile?.osDiskImage?.sizeInGB,
        hostCaching: storageProfile?.osDiskImage?.hostCaching,
      },
      dataDiskImages: (storageProfile?.dataDiskImages ?? []).map(({ lun, sizeInGB, hostCaching }) => ({
        lun,
        diskSizeGB: sizeInGB,
        hostCaching,
      })),
    },
  });
}

/** The owner's own settings are not for the public. */
const told = (info: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(info).filter(
      ([name]) => name !== "communityGalleryEnabled" && name !== "publicNamePrefix",
    ),
  );

function reads(audience: Audience) {
  const definition = (call: Call): Definition => {
    const id = `${galleryOf(call, audience).body.id}/images/${call.params["image"] ?? ""}`;
    const known = find(call.world, DEFINITION, id);
    if (known === undefined) throw notFound(call.params["image"] ?? "");
    return known;
  };
  return {
    gallery: (call: Call): Outcome => {
      const { body } = galleryOf(call, audience);
      const info = body.properties.sharingProfile?.communityGalleryInfo;
      const name = call.params[audience.param] ?? "";
      return found(
        shell(call, audience, name, [], info === undefined ? {} : { communityMetadata: told(info) }),
      );
    },
    images: (call: Call): Outcome =>
      listed(
        [...all(call.world, DEFINITION, galleryOf(call, audience).body.id)].map((one) =>
          imageBody(call, audience, one),
        ),
      ),
    image: (call: Call): Outcome => found(imageBody(call, audience, definition(call))),
    versions: (call: Call): Outcome =>
      listed(
        [...all(call.world, VERSION, definition(call).body.id)].map((one) =>
          versionBody(call, audience, one),
        ),
      ),
    version: (call: Call): Outcome => {
      const known = find(
        call.world,
        VERSION,
        `${definition(call).body.id}/versions/${call.params["version"] ?? ""}`,
      );
      if (known === undefined) throw notFound(call.params["version"] ?? "");
      return found(versionBody(call, audience, known));
    },
  };
}

export const community = reads(COMMUNITY);
export const shared = {
  ...reads(SHARED),
  galleries: (call: Call): Outcome =>
    listed(
      [...all(call.world, GALLERY)]
        .flatMap((gallery) => uniqueNames(gallery))
        .map((name) => ({
          location: call.params["location"],
          name,
          identifier: { uniqueId: `/SharedGalleries/${name}` },
        })),
    ),
};
