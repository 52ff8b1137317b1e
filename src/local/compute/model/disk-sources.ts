/** Where the bytes of a new disk or snapshot come from: nothing, a copy, an image, or a blob that is read. */
import { type ImportRequest, importVhd } from "../content/blob-import.js";
import { GIB } from "../content/contents.js";
import { copyOf } from "../guests/guest.js";
import { importMs } from "./durations.js";
import { arm, invalidParameter } from "./errors.js";
import { diskErrors } from "./storage-errors.js";
import { resolveImage } from "./image-sources.js";
import type { Disk, DiskProperties, Holding, Snapshot } from "./resources.js";
import { type World, find } from "./world.js";

/** Where a disk's or snapshot's bytes come from, and what they say about themselves. */
export interface DiskSource {
  readonly holding: Holding;
  readonly osType?: "Linux" | "Windows" | undefined;
  readonly generation?: "V1" | "V2" | undefined;
  /** Absent: x64. */
  readonly architecture?: "x64" | "Arm64" | undefined;
  readonly uniqueId?: string | undefined;
  readonly location?: string | undefined;
}

/** A copy shares the bytes and takes the guest along. */
export const copyHolding = ({ contentId, sizeBytes, guest }: Holding): Holding => ({
  contentId,
  sizeBytes,
  ...(guest === undefined ? {} : { guest: copyOf(guest) }),
});

/** Resolves a creationData to bytes. A missing source is answered by the provider, not by ARM (recorded). */
export function diskSource(
  world: World,
  data: DiskProperties["creationData"],
  sizeGb: number | undefined,
): DiskSource {
  const { createOption, sourceResourceId } = data;
  if (createOption === "Empty") {
    if (sizeGb === undefined)
      throw invalidParameter("Required parameter 'disk.diskSizeGB' is missing (null).", "disk.diskSizeGB");
    const sizeBytes = sizeGb * GIB;
    return { holding: { contentId: world.contents.zeros(sizeBytes), sizeBytes } };
  }
  if (createOption === "FromImage") return imageSource(world, data);
  if (!["Copy", "CopyStart", "Restore"].includes(createOption) || sourceResourceId === undefined) {
    throw invalidParameter(
      `The value '${createOption}' of parameter 'creationData.createOption' is not simulated here, or its source is missing.`,
      "creationData.createOption",
    );
  }
  const from =
    find(world, "Microsoft.Compute/disks", sourceResourceId) ??
    find(world, "Microsoft.Compute/snapshots", sourceResourceId) ??
    find(
      world,
      "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints",
      sourceResourceId,
    );
  if (from === undefined) throw arm.notFound(sourceResourceId.split("/").at(-1) ?? "");
  const { osType, hyperVGeneration, supportedCapabilities, uniqueId } = from.body
    .properties as DiskProperties;
  // Incomplete copies cannot be copied from: their bytes are not all there.
  if ((from.inner.copy?.endMs ?? 0) > world.clock.now() || from.inner.copy?.endMs === null)
    throw diskErrors.copying(from.body.name);
  return {
    holding: from.inner.holding,
    osType,
    generation: hyperVGeneration,
    architecture: supportedCapabilities?.architecture,
    uniqueId: uniqueId as string | undefined,
    location: from.body.location,
  };
}

function imageSource(world: World, data: DiskProperties["creationData"]): DiskSource {
  const reference = data.galleryImageReference ?? data.imageReference;
  if (reference === undefined)
    throw invalidParameter(
      "Required parameter 'creationData.imageReference' is missing (null).",
      "creationData.imageReference",
    );
  const image = resolveImage(world, reference);
  const { lun } = data.galleryImageReference ?? {};
  const disk = lun === undefined ? image.os : image.data.find((candidate) => candidate.lun === lun);
  if (disk === undefined)
    throw invalidParameter(
      `The image has no data disk at LUN ${String(lun)}.`,
      "creationData.galleryImageReference.lun",
    );
  return {
    holding: disk.holding,
    generation: image.generation,
    ...(lun === undefined ? { osType: image.osType } : {}),
  };
}

/** Reads the VHD that a disk or snapshot imports. */
export async function importInto(world: World, disk: Disk | Snapshot): Promise<void> {
  const { creationData } = disk.body.properties;
  const request: ImportRequest = {
    uri: creationData.sourceUri ?? "",
    accountId: creationData.storageAccountId,
    disk: disk.body.name,
  };
  const { contentId, sizeBytes } = await importVhd(world.contents, world.storage, request);
  const sizeGb = Math.max(disk.body.properties.diskSizeGB ?? 0, Math.ceil(sizeBytes / GIB));
  disk.inner.holding = { contentId, sizeBytes: sizeGb * GIB };
  disk.body.properties.diskSizeGB = sizeGb;
  disk.body.properties["diskSizeBytes"] = sizeGb * GIB;
  await clockTime(world, importMs(writtenBytes(world, contentId)));
}

const writtenBytes = (world: World, contentId: string): number =>
  world.contents.extents(contentId).reduce((sum, { length }) => sum + length, 0);

/** Azure needs time to read a blob, whatever this machine needs. */
export const clockTime = (world: World, ms: number): Promise<void> =>
  new Promise((resolve) => void world.clock.after(ms, resolve));
