/** Restore points: one cut over all disks of a VM, made at the request; copied between regions by a second collection. */
import { randomUUID } from "node:crypto";
import { GIB } from "../content/contents.js";
import { sameId } from "./arm-ids.js";
import { crossRegionCopyMs } from "./durations.js";
import { arm, invalidParameter } from "./errors.js";
import type { Completion } from "./operations.js";
import { regionKey } from "./regions.js";
import type { Collection, Disk, DiskProperties, DiskRestorePoint, RestorePoint } from "./resources.js";
import { copyOfPoint, cut, metadataDisks } from "./restore-point-cuts.js";
import { collectionRequest, parse, restorePointRequest } from "./schemas.js";
import { percentOf } from "./snapshots.js";
import { VM } from "./vm-state.js";
import { begin, fails, listBelow, reads, standing, tracked } from "./verbs.js";
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
  setState,
} from "./world.js";

const COLLECTION = "Microsoft.Compute/restorePointCollections";
export const POINT = "Microsoft.Compute/restorePointCollections/restorePoints";
const DISK_POINT = "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints";

// Collections ------------------------------------------------------------------------------------------------

export function putCollection(call: Call): Outcome {
  const { world, id } = call;
  const group = requireGroup(world, id);
  const request = parse(collectionRequest, call.body);
  const existing = find(world, COLLECTION, id);
  const sourceId = request.properties?.source?.id ?? existing?.body.properties.source.id;
  if (sourceId === undefined)
    throw invalidParameter("Required parameter 'source.id' is missing (null).", "source.id");
  if (existing !== undefined && !sameId(existing.body.properties.source.id, sourceId))
    throw arm.immutable("source.id");
  const source = find(world, VM, sourceId) ?? find(world, COLLECTION, sourceId);
  if (source === undefined && existing === undefined) throw arm.invalidReference(sourceId, id);
  const sourceLocation = source?.body.location ?? existing?.body.properties.source.location;
  const collection: Collection = {
    type: COLLECTION,
    body: {
      ...tracked(
        COLLECTION,
        id,
        existing?.body.location ?? request.location ?? group.location,
        request.tags ?? existing?.body.tags,
      ),
      properties: {
        source: { id: sourceId, ...(sourceLocation === undefined ? {} : { location: sourceLocation }) },
        provisioningState: "Succeeded",
        restorePointCollectionId: existing?.body.properties.restorePointCollectionId ?? randomUUID(),
      },
    },
    inner: {},
  };
  save(world, collection);
  return { kind: existing === undefined ? "created" : "updated", body: collection.body };
}

export function patchCollection(call: Call): Outcome {
  const collection = must(call.world, COLLECTION, call.id);
  collection.body.tags = parse(collectionRequest, call.body).tags ?? collection.body.tags ?? {};
  save(call.world, collection);
  return { kind: "updated", body: collection.body };
}

export function getCollection(call: Call): Outcome {
  const { body } = must(call.world, COLLECTION, call.id);
  if (call.query.get("$expand") !== "restorePoints") return found(body);
  const restorePoints = [...all(call.world, POINT, body.id)].map((point) => point.body);
  return found({ ...body, properties: { ...body.properties, restorePoints } });
}

export const { list: listCollections } = reads(COLLECTION);

// Points -----------------------------------------------------------------------------------------------------

export function putRestorePoint(call: Call): Outcome {
  const { world, id } = call;
  requireGroup(world, id);
  const collection = must(world, COLLECTION, id.split("/").slice(0, -2).join("/"));
  if (find(world, POINT, id) !== undefined) throw arm.immutable("restorePoint");
  const {
    excludeDisks = [],
    consistencyMode,
    sourceRestorePoint,
  } = parse(restorePointRequest, call.body).properties ?? {};
  const origin = sourceRestorePoint === undefined ? undefined : must(world, POINT, sourceRestorePoint.id);
  const point =
    origin === undefined ? cut(call, collection, excludeDisks, consistencyMode) : copyOfPoint(call, origin);
  save(world, point);
  const operation = begin(call, "restorePoints/write", collection, {
    target: id,
    details: { ...(origin === undefined ? {} : { origin: origin.body.id }), slow: call.twist?.slow ?? 1 },
  });
  return { kind: "created", body: point.body, operation };
}

export function getRestorePoint(call: Call): Outcome {
  const { world } = call;
  const point = must(world, POINT, call.id);
  if (call.query.get("$expand")?.toLowerCase() !== "instanceview") return found(point.body);
  const diskRestorePoints = [...all(world, DISK_POINT, point.body.id)].map(({ body, inner }) => {
    const completionPercent = inner.copy === undefined ? 100 : percentOf(inner.copy, world.clock.now());
    const done = completionPercent === 100;
    return {
      id: body.id,
      snapshotAccessState: "Available",
      replicationStatus: {
        status: {
          code: done ? "ReplicationState/succeeded" : "ReplicationState/inprogress",
          level: "Info",
          displayStatus: done ? "Succeeded" : "In progress",
        },
        // The specification's type is a whole number here, unlike that of snapshots.
        completionPercent: Math.floor(completionPercent),
      },
    };
  });
  const state = point.body.properties.provisioningState ?? "";
  const statuses = [
    {
      code: `ProvisioningState/${state.toLowerCase()}`,
      level: "Info",
      displayStatus: state === "Succeeded" ? "Provisioning succeeded" : state,
    },
  ];
  return found({
    ...point.body,
    properties: { ...point.body.properties, instanceView: { diskRestorePoints, statuses } },
  });
}

// Disk restore points ----------------------------------------------------------------------------------------

/** Appear with the success of their point, in the model of the VM and as resources to make disks from. */
function finish(world: World, point: RestorePoint, details: Readonly<Record<string, unknown>>): void {
  const collection = must(world, COLLECTION, point.body.id.split("/").slice(0, -2).join("/"));
  const origin = typeof details["origin"] === "string" ? find(world, POINT, details["origin"]) : undefined;
  const now = world.clock.now();
  for (const [index, { diskRestorePointId, sourceDiskId, holding }] of point.inner.disks.entries()) {
    const shown = metadataDisks(point.body.properties["sourceMetadata"]).find(({ managedDisk }) =>
      sameId(managedDisk?.id ?? "", sourceDiskId),
    );
    const from = origin?.inner.disks[index]?.diskRestorePointId;
    if (shown !== undefined) {
      const source = from === undefined ? {} : { sourceDiskRestorePoint: { id: from } };
      shown.diskRestorePoint = {
        ...source,
        encryption: { type: "EncryptionAtRestWithPlatformKey" },
        id: diskRestorePointId,
      };
    }
    const originAt =
      origin === undefined
        ? undefined
        : find(world, COLLECTION, origin.body.id.split("/").slice(0, -2).join("/"))?.body.location;
    const far = originAt !== undefined && regionKey(originAt) !== regionKey(collection.body.location ?? "");
    const copyMs = crossRegionCopyMs(holding.sizeBytes / GIB) * Number(details["slow"] ?? 1);
    const source: Disk | undefined = find(world, "Microsoft.Compute/disks", sourceDiskId);
    const { osType, hyperVGeneration, supportedCapabilities, uniqueId } = (source?.body.properties ??
      {}) as Partial<DiskProperties>;
    const diskPoint: DiskRestorePoint = {
      type: DISK_POINT,
      body: {
        name: diskRestorePointId.split("/").at(-1) ?? "",
        id: diskRestorePointId,
        properties: {
          timeCreated: point.body.properties["timeCreated"],
          sourceResourceId: from ?? sourceDiskId,
          sourceUniqueId: uniqueId,
          ...(osType === undefined ? {} : { osType }),
          ...(hyperVGeneration === undefined ? {} : { hyperVGeneration, supportedCapabilities }),
          familyId: randomUUID(),
          encryption: { type: "EncryptionAtRestWithPlatformKey" },
          networkAccessPolicy: "AllowAll",
          publicNetworkAccess: "Enabled",
          sourceResourceLocation: source?.body.location ?? collection.body.location,
        },
      },
      inner: { holding, ...(far ? { copy: { startMs: now, endMs: now + copyMs } } : {}) },
    };
    save(world, diskPoint);
  }
  setState(world, point, "Succeeded");
}

const diskPointView = ({ body, inner }: DiskRestorePoint, { world }: Call) =>
  inner.copy === undefined
    ? body
    : {
        ...body,
        properties: { ...body.properties, completionPercent: percentOf(inner.copy, world.clock.now()) },
      };

export const { get: getDiskRestorePoint } = reads(DISK_POINT, diskPointView);
export const listDiskRestorePoints = listBelow(POINT, DISK_POINT, diskPointView);

// Deletion ---------------------------------------------------------------------------------------------------

export function deleteRestorePoint(call: Call): Outcome {
  must(call.world, COLLECTION, call.id.split("/").slice(0, -2).join("/"));
  const point = find(call.world, POINT, call.id);
  return point === undefined ? { kind: "absent" } : deletion(call, "restorePoints/delete");
}

export function deleteCollection(call: Call): Outcome {
  requireGroup(call.world, call.id);
  return find(call.world, COLLECTION, call.id) === undefined
    ? { kind: "absent" }
    : deletion(call, "restorePointCollections/delete");
}

function deletion(call: Call, kind: "restorePoints/delete" | "restorePointCollections/delete"): Outcome {
  const collection = must(call.world, COLLECTION, call.id.split("/").slice(0, 9).join("/"));
  return { kind: "accepted", operation: begin(call, kind, collection, { target: call.id }) };
}

export const restorePointCompletions = (world: World): Record<string, Completion> => {
  /** A collection takes its points with it, a point its disks' points. */
  const removeTree: Completion = {
    complete: ({ target }) => {
      for (const { body } of [...all(world, DISK_POINT, target), ...all(world, POINT, target)])
        remove(world, body.id);
      remove(world, target);
    },
  };
  return {
    "restorePoints/write": {
      complete: ({ target, details }) => {
        finish(world, standing(world, POINT, target), details);
      },
      failed: fails(world, POINT),
    },
    "restorePoints/delete": removeTree,
    "restorePointCollections/delete": removeTree,
  };
};
