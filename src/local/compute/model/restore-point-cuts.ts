/** What a restore point takes: the disks at one moment, and the model of the VM beside them. */
import { randomUUID } from "node:crypto";
import { sameId } from "./arm-ids.js";
import { copyHolding } from "./disk-sources.js";
import { arm } from "./errors.js";
import type { Collection, RestorePoint, Vm } from "./resources.js";
import { VM } from "./vm-state.js";
import { type Call, type World, find, must, timestamp } from "./world.js";

const CONSISTENCY: Readonly<Record<"Linux" | "Windows", string>> = {
  Linux: "FileSystemConsistent",
  Windows: "ApplicationConsistent",
};

/** The disks as they are at this moment. A machine that does not run can promise no more than a crash. */
export function cut(
  call: Call,
  collection: Collection,
  excluded: readonly { id: string }[],
  asked: string | undefined,
): RestorePoint {
  const { world, id } = call;
  const vm = must(world, VM, collection.body.properties.source.id);
  const { osDisk, dataDisks = [] } = vm.body.properties.storageProfile ?? {};
  const included = [osDisk, ...dataDisks].filter(
    (disk) => !excluded.some((other) => sameId(other.id, disk?.managedDisk?.id ?? "")),
  );
  const disks = included.flatMap((held) => {
    const disk = find(world, "Microsoft.Compute/disks", held?.managedDisk?.id ?? "");
    if (disk === undefined) return [];
    const diskRestorePointId = `${id}/diskRestorePoints/${disk.body.name}_${randomUUID()}`;
    return [{ diskRestorePointId, sourceDiskId: disk.body.id, holding: copyHolding(disk.inner.holding) }];
  });
  const best = vm.inner.power === "running" ? CONSISTENCY[osDisk?.osType ?? "Linux"] : "CrashConsistent";
  return {
    type: "Microsoft.Compute/restorePointCollections/restorePoints",
    body: {
      name: id.split("/").at(-1) ?? "",
      id,
      properties: {
        ...(excluded.length === 0 ? {} : { excludeDisks: excluded }),
        sourceMetadata: metadataOf(world, vm),
        provisioningState: "Creating",
        consistencyMode: asked === "CrashConsistent" ? asked : best,
        timeCreated: timestamp(world.clock.now()),
      },
    },
    inner: { disks },
  };
}

/** The model of the VM, as far as a restore needs it. No VM id of a disk's deleteOption, no instance view. */
function metadataOf(world: World, vm: Vm): Record<string, unknown> {
  const {
    vmId,
    hardwareProfile,
    storageProfile,
    osProfile,
    securityProfile,
    licenseType,
    diagnosticsProfile,
  } = vm.body.properties;
  const disk = (
    held:
      | NonNullable<typeof storageProfile>["osDisk"]
      | NonNullable<NonNullable<typeof storageProfile>["dataDisks"]>[number],
  ) => ({
    ...(held !== undefined && "lun" in held ? { lun: held.lun } : { osType: held?.["osType"] }),
    name: held?.name,
    // As the disk is now: the VM's own model may be older.
    diskSizeGB: find(world, "Microsoft.Compute/disks", held?.managedDisk?.id ?? "")?.body.properties
      .diskSizeGB,
    caching: held?.caching,
    managedDisk: held?.managedDisk,
  });
  const others = { osProfile, securityProfile, licenseType, diagnosticsProfile };
  return {
    vmId,
    location: vm.body.location,
    hardwareProfile,
    storageProfile: {
      osDisk: disk(storageProfile?.osDisk),
      dataDisks: (storageProfile?.dataDisks ?? []).map(disk),
      diskControllerType: storageProfile?.diskControllerType ?? "SCSI",
    },
    ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
    hyperVGeneration: vm.inner.generation,
  };
}

export function copyOfPoint(call: Call, origin: RestorePoint): RestorePoint {
  if (origin.body.properties.provisioningState !== "Succeeded") throw arm.concurrentRequest();
  const { sourceMetadata, consistencyMode } = origin.body.properties;
  return {
    type: "Microsoft.Compute/restorePointCollections/restorePoints",
    body: {
      name: call.id.split("/").at(-1) ?? "",
      id: call.id,
      properties: {
        sourceMetadata: withoutDiskPoints(sourceMetadata),
        provisioningState: "Creating",
        consistencyMode,
        sourceRestorePoint: { id: origin.body.id },
        timeCreated: timestamp(call.world.clock.now()),
      },
    },
    inner: {
      disks: origin.inner.disks.map(({ sourceDiskId, holding }) => ({
        diskRestorePointId: `${call.id}/diskRestorePoints/${sourceDiskId.split("/").at(-1) ?? ""}_${randomUUID()}`,
        sourceDiskId,
        holding: copyHolding(holding),
      })),
    },
  };
}

interface Metadata {
  storageProfile: { osDisk: MetadataDisk; dataDisks: MetadataDisk[] };
}
interface MetadataDisk {
  managedDisk?: { id?: string };
  diskRestorePoint?: unknown;
}

export const metadataDisks = (metadata: unknown): MetadataDisk[] => {
  const { osDisk, dataDisks } = (metadata as Metadata).storageProfile;
  return [osDisk, ...dataDisks];
};

function withoutDiskPoints(metadata: unknown): unknown {
  const copy = structuredClone(metadata);
  for (const disk of metadataDisks(copy)) delete disk.diskRestorePoint;
  return copy;
}
