/** Restore points, snapshots, and disks made from them. */
import type { Disk, RestorePoint } from "@azure/arm-compute";
import type { BackedUpDisk, Backup, DiskFromBackup, HeldDisk, SnapshotOrder } from "../../domain/backup.js";
import type { Progress } from "../../domain/outcome.js";
import { succeeded } from "../../domain/outcome.js";
import { parentId } from "../../domain/resource-id.js";
import type { Backups } from "../../ports/backups.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { answer, progressOf, submit } from "./submit.js";
import { restoredDisk } from "./vm-models.js";

export function armBackups(cloud: Arm): Backups {
  const point = (id: string) => {
    const { client, group, names } = locate(cloud, id);
    return { client, group, collection: names[0], name: names[1] ?? "" };
  };
  const getPoint = (id: string) => {
    const { client, group, collection, name } = point(id);
    return client.restorePoints.get(group, collection, name);
  };
  const getSnapshot = (id: string) => {
    const { client, group, names } = locate(cloud, id);
    return client.snapshots.get(group, names[0]);
  };

  return {
    restorePoint: {
      async start({ pointId, vm, tags }) {
        const { client, group, collection, name } = point(pointId);
        const made = await answer(() =>
          client.restorePointCollections.createOrUpdate(group, collection, {
            location: vm.location,
            tags: { ...tags },
            source: { id: vm.id },
          }),
        );
        if (made.status !== "done") return made;
        return submit(() => client.restorePoints.create(group, collection, name, {}), "VM_NOT_FOUND");
      },
      ask: ({ input, started }) =>
        progressOf(
          cloud,
          started,
          () => getPoint(input.pointId),
          (made) =>
            succeeded<Backup>({
              kind: "restore-point",
              ids: [input.pointId, parentId(input.pointId)],
              disks: disksIn(made),
              consistency: made.consistencyMode ?? "unknown",
            }),
        ),
    },

    snapshot: {
      start(order) {
        const { client, group, names } = locate(cloud, order.snapshotId);
        return submit(() => client.snapshots.createOrUpdate(group, names[0], snapshotModel(order)));
      },
      ask: ({ input, started }) =>
        progressOf(
          cloud,
          started,
          () => getSnapshot(input.snapshotId),
          // An incremental snapshot is Succeeded while its data are still being copied.
          ({ completionPercent = 100, diskSizeGB = 0 }): Progress<BackedUpDisk> =>
            completionPercent < 100
              ? { state: "running", percent: Math.floor(completionPercent) }
              : succeeded({ lun: input.lun, id: input.snapshotId, sizeGb: diskSizeGB }),
        ),
    },

    held: ({ kind, id, lun }) =>
      answer(async (): Promise<readonly HeldDisk[]> => {
        if (kind === "restore-point") {
          const made = await getPoint(id);
          return disksIn(made).map((disk) => ({ ...disk, state: made.provisioningState ?? "unknown" }));
        }
        const { diskSizeGB = 0, provisioningState = "unknown" } = await getSnapshot(id);
        return [{ lun, id, sizeGb: diskSizeGB, state: provisioningState }];
      }, "BACKUP_UNSOUND"),

    restoredDisk: {
      start({ model, source, diskId, tags }) {
        const { client, group, names } = locate(cloud, diskId);
        return submit(() =>
          client.disks.createOrUpdate(group, names[0], restoredDisk(model as Disk, source.id, tags)),
        );
      },
      ask({ input, started }) {
        const { client, group, names } = locate(cloud, input.diskId);
        return progressOf(
          cloud,
          started,
          () => client.disks.get(group, names[0]),
          ({ completionPercent = 100, diskSizeGB = 0 }): Progress<null> => {
            if (completionPercent < 100) return { state: "running", percent: Math.floor(completionPercent) };
            if (diskSizeGB >= input.sizeGb) return succeeded(null);
            const message = `${input.diskId} has ${diskSizeGB} GiB and must have ${input.sizeGb} GiB.`;
            return { state: "failed", code: "BACKUP_UNSOUND", message };
          },
        );
      },
    },

    disk: {
      start(order) {
        const { client, group, names } = locate(cloud, order.diskId);
        return submit(() => client.disks.createOrUpdate(group, names[0], diskModel(order)));
      },
      ask({ input, started }) {
        const { client, group, names } = locate(cloud, input.diskId);
        return progressOf(
          cloud,
          started,
          () => client.disks.get(group, names[0]),
          ({ completionPercent = 100 }): Progress<null> =>
            completionPercent < 100
              ? { state: "running", percent: Math.floor(completionPercent) }
              : succeeded(null),
        );
      },
    },
  };
}

function disksIn({ sourceMetadata }: RestorePoint): BackedUpDisk[] {
  const { osDisk, dataDisks = [] } = sourceMetadata?.storageProfile ?? {};
  const all = [{ lun: -1, disk: osDisk }, ...dataDisks.map((disk) => ({ lun: disk.lun ?? 0, disk }))];
  return all.flatMap(({ lun, disk }) => {
    const id = disk?.diskRestorePoint?.id;
    return id === undefined ? [] : [{ lun, id, sizeGb: disk?.diskSizeGB ?? 0 }];
  });
}

const snapshotModel = ({ diskId, location, tags }: SnapshotOrder) => ({
  location,
  tags: { ...tags },
  sku: { name: "Standard_LRS" },
  incremental: true,
  creationData: { createOption: "Copy", sourceResourceId: diskId },
});

/** As the source's disk: size, type, zone, generation and security carry over; the backup gives the bytes. */
function diskModel({ source, sku, sizeGb, vm, tags }: DiskFromBackup) {
  const fromRestorePoint = /\/restorePoints\//i.test(source.id);
  return {
    location: vm.location,
    tags: { ...tags },
    ...(vm.zones.length > 0 ? { zones: [...vm.zones] } : {}),
    sku: { name: sku },
    diskSizeGB: sizeGb,
    networkAccessPolicy: "DenyAll",
    publicNetworkAccess: "Disabled",
    creationData: { createOption: fromRestorePoint ? "Restore" : "Copy", sourceResourceId: source.id },
    ...(source.lun < 0
      ? {
          osType: vm.osType,
          hyperVGeneration: vm.generation,
          ...(vm.securityType === "TrustedLaunch"
            ? { securityProfile: { securityType: "TrustedLaunch" } }
            : {}),
        }
      : {}),
  };
}
