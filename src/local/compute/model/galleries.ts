/** Galleries and image definitions. Versions, which hold the bytes, are in gallery-versions.ts. */
import { randomUUID } from "node:crypto";
import { merge } from "../guests/guest.js";
import { invalidParameter } from "./errors.js";
import { galleryErrors } from "./storage-errors.js";
import { galleryRequest, shareRequest } from "./gallery-schemas.js";
import type { Completion } from "./operations.js";
import type { Definition, Gallery } from "./resources.js";
import { parse } from "./schemas.js";
import { begin, erase, reads, removes, settles, standing, tracked } from "./verbs.js";
import {
  type Call,
  type Outcome,
  type World,
  all,
  find,
  found,
  must,
  remove,
  requireGroup,
  save,
} from "./world.js";

export const GALLERY = "Microsoft.Compute/galleries";
export const DEFINITION = "Microsoft.Compute/galleries/images";
export const VERSION = "Microsoft.Compute/galleries/images/versions";

export function putGallery(call: Call): Outcome {
  const { world, id } = call;
  const group = requireGroup(world, id);
  const { location, tags, properties = {} } = parse(galleryRequest, call.body);
  const existing = find(world, GALLERY, id);
  const name = id.split("/").at(-1) ?? "";
  const sharing = properties.sharingProfile;
  const community = sharing?.permissions === "Community" ? sharing.communityGalleryInfo : undefined;
  const known = existing?.body.properties;
  const gallery: Gallery = {
    type: GALLERY,
    body: {
      ...tracked(
        GALLERY,
        id,
        existing?.body.location ?? location ?? group.location,
        tags ?? existing?.body.tags,
      ),
      properties: {
        ...known,
        ...properties,
        identifier: known?.["identifier"] ?? {
          uniqueName: `${world.subscriptionId()}-${name.toUpperCase()}`,
        },
        ...(community === undefined
          ? {}
          : {
              sharingProfile: {
                ...sharing,
                communityGalleryInfo: {
                  communityGalleryEnabled: false,
                  ...community,
                  publicNames: known?.sharingProfile?.communityGalleryInfo?.["publicNames"] ?? [
                    `${community.publicNamePrefix ?? name}-${randomUUID()}`,
                  ],
                },
              },
            }),
        provisioningState: existing === undefined ? "Creating" : "Updating",
      },
    },
    inner: existing?.inner ?? { shared: [], lingering: [] },
  };
  save(world, gallery);
  return {
    kind: existing === undefined ? "created" : "updated",
    body: gallery.body,
    operation: begin(call, "galleries/write", gallery),
  };
}

export function patchGallery(call: Call): Outcome {
  const gallery = must(call.world, GALLERY, call.id);
  const { properties, tags } = gallery.body;
  return putGallery({
    ...call,
    body: merge<unknown>({ properties: { sharingProfile: properties.sharingProfile }, tags }, call.body),
  });
}

/** Whom a gallery is shared with is told to those who ask for it. */
export function getGallery(call: Call): Outcome {
  const { body, inner } = must(call.world, GALLERY, call.id);
  if (call.query.get("$expand")?.toLowerCase() !== "sharingprofile/groups") return found(body);
  const sharingProfile = { ...body.properties.sharingProfile, groups: inner.shared };
  return found({ ...body, properties: { ...body.properties, sharingProfile } });
}

export const { list: listGalleries } = reads(GALLERY);

export const deleteGallery = (call: Call): Outcome =>
  erase(call, GALLERY, "galleries/delete", (gallery) =>
    checkNoChildren(call.world, gallery, [...all(call.world, DEFINITION, gallery.body.id)]),
  );

/** A parent still counts children that were deleted a moment ago: eventual consistency that bites every clean-up. */
export function checkNoChildren(
  world: World,
  parent: Gallery | Definition,
  children: readonly { body: { id: string } }[],
): void {
  const lingering = parent.inner.lingering
    .filter(({ untilMs }) => untilMs > world.clock.now())
    .map(({ id }) => id);
  const ids = [...children.map(({ body }) => body.id), ...lingering];
  if (ids.length > 0) throw galleryErrors.hasChildren(ids);
}

export function linger(world: World, childId: string, untilMs: number): void {
  const id = childId.split("/").slice(0, -2).join("/");
  const parent = find(world, GALLERY, id) ?? find(world, DEFINITION, id);
  if (parent === undefined) return;
  parent.inner.lingering = [
    ...parent.inner.lingering.filter((other) => other.untilMs > world.clock.now()),
    { id: childId, untilMs },
  ];
  save(world, parent);
}

export function shareGallery(call: Call): Outcome {
  const gallery = must(call.world, GALLERY, call.id);
  const { operationType, groups = [] } = parse(shareRequest, call.body);
  const sharing = gallery.body.properties.sharingProfile;
  if (operationType === "EnableCommunity" && sharing?.permissions !== "Community") {
    throw invalidParameter(
      "The gallery must be created with permissions Community before it can be shared to the community.",
      "operationType",
    );
  }
  if ((operationType === "Add" || operationType === "Remove") && sharing?.permissions !== "Groups") {
    throw invalidParameter(
      "The gallery must be created with permissions Groups before it can be shared.",
      "operationType",
    );
  }
  return {
    kind: "accepted",
    operation: begin(call, "galleries/share", gallery, { details: { operationType, groups } }),
  };
}

function share(
  gallery: Gallery,
  operationType: string,
  groups: readonly { type: string; ids?: string[] | undefined }[],
): void {
  const { sharingProfile } = gallery.body.properties;
  const info = sharingProfile?.communityGalleryInfo;
  const named = groups.map(({ type, ids = [] }) => ({ type, ids }));
  if (operationType === "Add") gallery.inner.shared = [...gallery.inner.shared, ...named];
  if (operationType === "Remove") {
    const gone = new Set(named.flatMap(({ ids }) => ids));
    gallery.inner.shared = gallery.inner.shared
      .map(({ type, ids }) => ({ type, ids: ids.filter((id) => !gone.has(id)) }))
      .filter(({ ids }) => ids.length > 0);
  }
  if (operationType === "Reset") {
    gallery.inner.shared = [];
    if (sharingProfile !== undefined) sharingProfile.permissions = "Private";
  }
  if (info !== undefined && operationType !== "Add" && operationType !== "Remove")
    info["communityGalleryEnabled"] = operationType === "EnableCommunity";
}

export const galleryCompletions = (world: World, lingerMs: number): Record<string, Completion> => {
  return {
    "galleries/write": settles(world, GALLERY),
    "definitions/write": settles(world, DEFINITION),
    "galleries/delete": removes(world),
    "definitions/delete": {
      complete: ({ target }) => {
        remove(world, target);
        linger(world, target, world.clock.now() + lingerMs);
      },
    },
    "galleries/share": {
      complete: ({ target, details }) => {
        const gallery = standing(world, GALLERY, target);
        share(
          gallery,
          details["operationType"] as string,
          details["groups"] as { type: string; ids?: string[] }[],
        );
        save(world, gallery);
      },
    },
  };
};
