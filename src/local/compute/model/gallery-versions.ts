/** Gallery image versions: made from a VM, an image, another version, disks, snapshots or blobs; replicated by region. */
import { GIB } from "../content/contents.js";
import { merge } from "../guests/guest.js";
import { CHILD_LINGER_MS } from "./durations.js";
import { ArmError, arm } from "./errors.js";
import { galleryErrors } from "./storage-errors.js";
import { vmErrors } from "./vm-errors.js";
import { DEFINITION, VERSION, linger } from "./galleries.js";
import { versionRequest } from "./gallery-schemas.js";
import type { Completion, Operation } from "./operations.js";
import { regionDisplayName, regionKey } from "./regions.js";
import { replicate, replicationStatus } from "./replication.js";
import type { Definition, ImageDisk, Version } from "./resources.js";
import { parse } from "./schemas.js";
import { begin, fails, listBelow, reads, standing, tracked } from "./verbs.js";
import { readBlobSources, sourceOf, unsaidKey } from "./version-sources.js";
import {
  type Call,
  type Outcome,
  type World,
  find,
  must,
  remove,
  requireGroup,
  save,
  timestamp,
} from "./world.js";

type Request = ReturnType<typeof parse<typeof versionRequest>>;
type Publishing = NonNullable<Version["body"]["properties"]["publishingProfile"]>;

export function putVersion(call: Call): Outcome {
  const { world, id } = call;
  requireGroup(world, id);
  const definition = find(world, DEFINITION, id.split("/").slice(0, -2).join("/"));
  if (definition === undefined) throw galleryErrors.parentNotFound(id.split("/").at(-3) ?? "");
  const request = parse(versionRequest, call.body);
  const existing = find(world, VERSION, id);
  return existing === undefined ? create(call, definition, request) : update(call, existing, request);
}

function create(call: Call, definition: Definition, request: Request): Outcome {
  const { world, id } = call;
  const name = id.split("/").at(-1) ?? "";
  if (!/^\d+\.\d+\.\d+$/.test(name)) throw galleryErrors.versionName();
  const location = request.location ?? definition.body.location ?? "";
  const properties = request.properties ?? {};
  const now = world.clock.now();
  const publishingProfile = published(properties.publishingProfile ?? {}, location, timestamp(now));
  const { os, data } = sourceOf(world, definition, properties.storageProfile ?? {}, id);
  const { storageProfile = {} } = properties;
  const version: Version = {
    type: VERSION,
    body: {
      ...tracked(VERSION, id, location, request.tags),
      properties: {
        ...properties,
        publishingProfile,
        // Sizes, and members the request did not name, appear with success only (recorded).
        storageProfile:
          storageProfile.osDiskImage === undefined
            ? storageProfile
            : { ...storageProfile, osDiskImage: { hostCaching: "ReadWrite", ...storageProfile.osDiskImage } },
        safetyProfile: {
          reportedForPolicyViolation: false,
          allowDeletionOfReplicatedLocations: false,
          ...properties.safetyProfile,
        },
        provisioningState: "Creating",
      },
    },
    inner: { ...(os === undefined ? {} : { os }), data, replicas: [], publishedMs: now },
  };
  replicate(call, version);
  save(world, version);
  return { kind: "created", body: version.body, operation: start(call, version, "versions/create") };
}

/** Display names and defaults, as the service answers them. The home region is one of the targets, or none is right. */
function published(asked: Partial<Publishing>, location: string, publishedDate: string): Publishing {
  const given = asked.targetRegions ?? [{ name: location }];
  const replicaCount = asked.replicaCount ?? 1;
  const storageAccountType = asked.storageAccountType ?? "Standard_LRS";
  if (!given.some(({ name }) => regionKey(name) === regionKey(location))) {
    throw galleryErrors.regions(
      given.map(({ name }) => name),
      location,
    );
  }
  return {
    ...asked,
    targetRegions: given.map((region) => ({
      regionalReplicaCount: replicaCount,
      storageAccountType,
      ...region,
      name: regionDisplayName(region.name),
    })),
    replicaCount,
    excludeFromLatest: asked.excludeFromLatest ?? false,
    publishedDate,
    storageAccountType,
  };
}

function update(call: Call, version: Version, request: Request): Outcome {
  const { world } = call;
  if (world.operations.underWay(version.body.id).length > 0) throw arm.concurrentRequest();
  const { storageProfile: asked, publishingProfile, ...properties } = request.properties ?? {};
  const known = version.body.properties;
  const source = asked?.source?.id ?? asked?.source?.virtualMachineId;
  const knownSource = known.storageProfile?.source?.id ?? known.storageProfile?.source?.virtualMachineId;
  if (source !== undefined && source !== knownSource)
    throw arm.immutable("galleryImageVersion.properties.storageProfile.source");
  const profile = { ...known.publishingProfile, ...publishingProfile };
  version.body.properties = {
    ...known,
    ...properties,
    safetyProfile: { ...known.safetyProfile, ...properties.safetyProfile },
    publishingProfile: published(
      profile,
      version.body.location ?? "",
      String(known.publishingProfile?.["publishedDate"]),
    ),
    provisioningState: "Updating",
  };
  if (request.tags !== undefined) version.body.tags = request.tags;
  replicate(call, version);
  save(world, version);
  return { kind: "updated", body: version.body, operation: start(call, version, "versions/update") };
}

export function patchVersion(call: Call): Outcome {
  const { properties, tags } = must(call.world, VERSION, call.id).body;
  const { publishingProfile, safetyProfile } = properties;
  return putVersion({
    ...call,
    body: merge<unknown>({ properties: { publishingProfile, safetyProfile }, tags }, call.body),
  });
}

/** The operation ends with the last region; a change of tags alone is over at once. */
function start(call: Call, version: Version, kind: "versions/create" | "versions/update"): Operation {
  const now = call.world.clock.now();
  const ends = version.inner.replicas.map(({ endMs }) => endMs ?? now);
  // What is slow was planned into the replicas already.
  const twist = { ...call.twist, slow: 1 };
  return begin(call, kind, version, { forMs: Math.max(1000, ...ends.map((endMs) => endMs - now)), twist });
}

const view = (version: Version, call: Call): Version["body"] =>
  call.query.get("$expand")?.toLowerCase() === "replicationstatus"
    ? {
        ...version.body,
        properties: {
          ...version.body.properties,
          replicationStatus: replicationStatus(version, call.world.clock.now()),
        },
      }
    : version.body;

export const { get: getVersion } = reads(VERSION, view);
export const listVersions = listBelow(DEFINITION, VERSION, view);

export function deleteVersion(call: Call): Outcome {
  requireGroup(call.world, call.id);
  const version = find(call.world, VERSION, call.id);
  if (version === undefined) return { kind: "absent" };
  const { safetyProfile, publishingProfile } = version.body.properties;
  const endOfLife = publishingProfile?.endOfLifeDate;
  if (
    safetyProfile?.blockDeletionBeforeEndOfLife === true &&
    endOfLife !== undefined &&
    Date.parse(endOfLife) > call.world.clock.now()
  ) {
    throw galleryErrors.protected(version.body.id, endOfLife);
  }
  const operation = begin(call, "versions/delete", version);
  version.body.properties.provisioningState = "Deleting";
  save(call.world, version);
  // azure-rest-api-specs#11559 shows the reply's Retry-After.
  return { kind: "accepted", operation, retrySeconds: 60 };
}

export const versionCompletions = (world: World): Record<string, Completion> => {
  const written: Completion = {
    complete: ({ target }) => {
      const version = standing(world, VERSION, target);
      const key = unsaidKey(version);
      if (key !== undefined) throw new ArmError(409, galleryErrors.keyNotNamed(key));
      const { storageProfile } = version.body.properties;
      const blobs = [storageProfile?.osDiskImage, ...(storageProfile?.dataDiskImages ?? [])].some(
        (disk) => disk?.source?.uri !== undefined,
      );
      const end = () => {
        finish(world, version);
      };
      if (blobs && version.inner.os === undefined) return readBlobSources(world, version).then(end);
      end();
      return undefined;
    },
    failed: ({ target, error }) => {
      const version = find(world, VERSION, target);
      if (version === undefined) return;
      const last = version.inner.replicas.at(-1);
      if (last !== undefined) last.failed = error?.message ?? "";
      version.body.properties.provisioningState = "Failed";
      save(world, version);
    },
  };
  return {
    "versions/create": written,
    "versions/update": written,
    "versions/delete": {
      complete: ({ target }) => {
        remove(world, target);
        linger(world, target, world.clock.now() + CHILD_LINGER_MS);
      },
      failed: fails(world, VERSION),
    },
  };
};

function finish(world: World, version: Version): void {
  const { properties } = version.body;
  const sizeInGB = (disk: ImageDisk) => Math.ceil(disk.holding.sizeBytes / GIB);
  const { os, data } = version.inner;
  if (os === undefined) throw vmErrors.missing("storageProfile.osDiskImage");
  const shownOs = properties.storageProfile?.osDiskImage;
  properties.storageProfile = {
    ...properties.storageProfile,
    osDiskImage: {
      sizeInGB: sizeInGB(os),
      hostCaching: shownOs?.hostCaching ?? os.caching,
      source: shownOs?.source ?? {},
    },
    ...(data.length === 0
      ? {}
      : {
          dataDiskImages: data.map((disk) => ({
            lun: disk.lun ?? 0,
            sizeInGB: sizeInGB(disk),
            hostCaching: disk.caching,
          })),
        }),
  };
  properties.provisioningState = "Succeeded";
  save(world, version);
}
