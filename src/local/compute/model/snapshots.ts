/** Snapshots: full, incremental, and copied from another region (which goes on after its operation has ended). */
import { randomUUID } from "node:crypto";
import { GIB } from "../content/contents.js";
import { type DiskSource, copyHolding, diskSource, importInto } from "./disk-sources.js";
import { checkSize, withTier } from "./disk-sizes.js";
import { checkNoSas } from "./disks.js";
import { crossRegionCopyMs } from "./durations.js";
import { invalidParameter } from "./errors.js";
import type { Completion } from "./operations.js";
import { regionKey } from "./regions.js";
import type { Snapshot } from "./resources.js";
import { diskRequest, parse } from "./schemas.js";
import { begin, erase, fails, reads, removes, standing, tracked } from "./verbs.js";
import {
  type Call,
  type Outcome,
  type World,
  find,
  must,
  requireGroup,
  save,
  setState,
  timestamp,
} from "./world.js";

export const SNAPSHOT = "Microsoft.Compute/snapshots";

export function putSnapshot(call: Call): Outcome {
  const { world, id } = call;
  const request = parse(diskRequest, call.body);
  const group = requireGroup(world, id);
  const { creationData, ...properties } = request.properties ?? {};
  checkSize(properties.diskSizeGB);
  const existing = find(world, SNAPSHOT, id);
  if (existing !== undefined) return updateSnapshot(call, existing, request.tags);
  if (creationData === undefined)
    throw invalidParameter("Required parameter 'creationData' is missing (null).", "creationData");
  const imports = creationData.createOption === "Import";
  const empty = { contentId: world.contents.zeros(0), sizeBytes: 0 };
  const source: DiskSource = imports
    ? { holding: empty }
    : diskSource(world, creationData, properties.diskSizeGB);
  const location = request.location ?? group.location;
  const { generation, osType, architecture = "x64", uniqueId } = source;
  const now = world.clock.now();
  const sizeGb = Math.ceil(source.holding.sizeBytes / GIB);
  const copyMs = crossRegionCopyMs(sizeGb) * (call.twist?.slow ?? 1);
  const snapshot: Snapshot = {
    type: SNAPSHOT,
    body: {
      ...tracked(SNAPSHOT, id, location, request.tags),
      sku: withTier(request.sku as { name?: string } | undefined),
      properties: {
        encryption: { type: "EncryptionAtRestWithPlatformKey" },
        ...(osType === undefined ? {} : { osType }),
        ...(generation === undefined
          ? {}
          : { hyperVGeneration: generation, supportedCapabilities: { architecture } }),
        ...properties,
        creationData: { ...creationData, ...(uniqueId === undefined ? {} : { sourceUniqueId: uniqueId }) },
        diskSizeGB: sizeGb,
        incremental: properties.incremental ?? false,
        networkAccessPolicy: "AllowAll",
        publicNetworkAccess: "Enabled",
        timeCreated: timestamp(now),
        provisioningState: "Updating",
        diskState: "Unattached",
        diskSizeBytes: source.holding.sizeBytes,
        uniqueId: randomUUID(),
        ...(properties.incremental === true ? { incrementalSnapshotFamilyId: randomUUID() } : {}),
      },
    },
    inner: {
      holding: copyHolding(source.holding),
      ...(creationData.createOption === "CopyStart"
        ? { copy: { startMs: now, endMs: call.twist?.hang === true ? null : now + copyMs } }
        : {}),
    },
  };
  if (
    !imports &&
    source.location !== undefined &&
    regionKey(source.location) !== regionKey(location) &&
    creationData.createOption !== "CopyStart"
  ) {
    throw invalidParameter(
      `Resource '${creationData.sourceResourceId ?? ""}' is in another region than snapshot '${snapshot.body.name}'. Use createOption CopyStart.`,
      "sourceResourceId",
    );
  }
  save(world, snapshot);
  const echo = {
    ...request,
    id,
    name: snapshot.body.name,
    type: SNAPSHOT,
    location,
    properties: { ...properties, creationData, provisioningState: "Updating" },
  };
  return written(call, snapshot, echo);
}

function updateSnapshot(call: Call, snapshot: Snapshot, tags: Record<string, string> | undefined): Outcome {
  if (tags !== undefined) snapshot.body.tags = tags;
  setState(call.world, snapshot, "Updating");
  return written(call, snapshot, structuredClone(viewOf(call.world, snapshot)));
}

const written = (call: Call, snapshot: Snapshot, echo: unknown): Outcome => ({
  kind: "accepted",
  body: echo,
  retrySeconds: 2,
  operation: begin(call, "snapshots/write", snapshot, {
    // A slow or hanging copy is one whose percentage creeps; its operation still ends at once (recorded).
    twist:
      snapshot.inner.copy === undefined
        ? call.twist
        : { ...(call.twist?.lroFail === undefined ? {} : { lroFail: call.twist.lroFail }) },
  }),
});

/** Half of the way and no further is what a hanging copy shows. */
export function percentOf(copy: { startMs: number; endMs: number | null }, nowMs: number): number {
  if (copy.endMs === null) return 50;
  const share = (nowMs - copy.startMs) / (copy.endMs - copy.startMs);
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
}

export function viewOf(world: World, snapshot: Snapshot): Snapshot["body"] {
  const { access, copy } = snapshot.inner;
  const sas = access !== undefined && access.expiresMs > world.clock.now();
  return {
    ...snapshot.body,
    properties: {
      ...snapshot.body.properties,
      ...(sas ? { diskState: "ActiveSAS" } : {}),
      ...(copy === undefined ? {} : { completionPercent: percentOf(copy, world.clock.now()) }),
    },
  };
}

export const { get: getSnapshot, list: listSnapshots } = reads(SNAPSHOT, (snapshot, { world }) =>
  viewOf(world, snapshot),
);

export const patchSnapshot = (call: Call): Outcome =>
  updateSnapshot(call, must(call.world, SNAPSHOT, call.id), parse(diskRequest, call.body).tags);

export const deleteSnapshot = (call: Call): Outcome =>
  erase(call, SNAPSHOT, "snapshots/delete", (snapshot) => checkNoSas(call.world, snapshot));

export const snapshotCompletions = (world: World): Record<string, Completion> => ({
  "snapshots/write": {
    complete: ({ target }) => {
      const snapshot = standing(world, SNAPSHOT, target);
      const finish = () => {
        setState(world, snapshot, "Succeeded");
        return viewOf(world, snapshot);
      };
      const imports =
        snapshot.body.properties.creationData.createOption === "Import" &&
        snapshot.inner.holding.sizeBytes === 0;
      return imports ? importInto(world, snapshot).then(finish) : finish();
    },
    failed: fails(world, SNAPSHOT),
  },
  "snapshots/delete": removes(world),
});
