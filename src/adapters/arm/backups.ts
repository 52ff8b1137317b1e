/** Restore points, snapshots, and disks made from them. */
import type { Disk, RestorePoint } from "@azure/arm-compute";
import type { BackedUpDisk, Backup, HeldDisk } from "../../domain/backup.js";
import type { Progress } from "../../domain/outcome.js";
import { succeeded } from "../../domain/outcome.js";
import { parentId } from "../../domain/resource-id.js";
import type { Backups } from "../../ports/backups.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { outcomeOf, progressOf, submit } from "./submit.js";
import { restoredDisk, snapshotOf, workingDisk } from "./disk-models.js";

export function armBackups(cloud: Arm): Backups {
  const point = (id: string) => {
    const { client, group, names } = locate(cloud, id, "restorePointCollections/restorePoints");
    const [collection, name] = names;
    return { client, group, collection, name };
  };
  const getPoint = (id: string) => {
    const { client, group, collection, name } = point(id);
    return client.restorePoints.get(group, collection, name);
  };
  const getSnapshot = (id: string) => {
    const { client, group, names } = locate(cloud, id, "snapshots");
    return client.snapshots.get(group, names[0]);
  };

  return {
    restorePoint: {
      async start({ pointId, vm, crashConsistent, tags }) {
        const { client, group, collection, name } = point(pointId);
        const made = await outcomeOf(() =>
          client.restorePointCollections.createOrUpdate(group, collection, {
            location: vm.location,
            tags: { ...tags },
            source: { id: vm.id },
          }),
        );
        if (made.status !== "done") return made;
        // Unasked, Azure takes the best that the guest can do; and fails where the guest does not answer.
        const mode = crashConsistent ? { consistencyMode: "CrashConsistent" } : {};
        return submit(() => client.restorePoints.create(group, collection, name, mode), "VM_NOT_FOUND");
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
              disks: disksIn(made).map(({ lun, id }) => ({ lun, id })),
              consistency: made.consistencyMode ?? "unknown",
            }),
        ),
    },

    snapshot: {
      start({ model, ...order }) {
        const { client, group, names } = locate(cloud, order.snapshotId, "snapshots");
        const wanted = snapshotOf(model as Disk, order);
        return submit(() => client.snapshots.createOrUpdate(group, names[0], wanted));
      },
      ask: ({ input, started }) =>
        progressOf(
          cloud,
          started,
          () => getSnapshot(input.snapshotId),
          // An incremental snapshot is Succeeded while its data are still being copied.
          ({ completionPercent = 100 }): Progress<BackedUpDisk> =>
            completionPercent < 100
              ? { state: "running", percent: Math.floor(completionPercent) }
              : succeeded({ lun: input.lun, id: input.snapshotId }),
        ),
    },

    held: ({ kind, id, lun }) =>
      outcomeOf(async (): Promise<readonly HeldDisk[]> => {
        if (kind === "restore-point") return disksIn(await getPoint(id));
        const { diskSizeGB, provisioningState: state = "unknown", creationData } = await getSnapshot(id);
        return [{ lun, id, state, ...told({ sizeGb: diskSizeGB, of: creationData?.sourceResourceId }) }];
      }, "BACKUP_UNSOUND"),

    disk: diskFromBackup(cloud, workingDisk),
    restoredDisk: diskFromBackup(cloud, restoredDisk),
  };
}

/** Proved by its size: Azure makes a disk larger than its source without a word. */
function diskFromBackup(cloud: Arm, modelOf: typeof restoredDisk): Backups["disk"] {
  return {
    start({ model, source, diskId, tags }) {
      const { client, group, names } = locate(cloud, diskId, "disks");
      return submit(() =>
        client.disks.createOrUpdate(group, names[0], modelOf(model as Disk, source.id, tags)),
      );
    },
    ask({ input, started }) {
      const { client, group, names } = locate(cloud, input.diskId, "disks");
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
  };
}

function disksIn({ sourceMetadata, provisioningState: state = "unknown" }: RestorePoint): HeldDisk[] {
  const { osDisk, dataDisks = [] } = sourceMetadata?.storageProfile ?? {};
  const all = [{ lun: -1, disk: osDisk }, ...dataDisks.map((disk) => ({ lun: disk.lun ?? 0, disk }))];
  return all.flatMap(({ lun, disk }) => {
    const id = disk?.diskRestorePoint?.id;
    if (id === undefined) return [];
    return [{ lun, id, state, ...told({ sizeGb: disk?.diskSizeGB, of: disk?.managedDisk?.id }) }];
  });
}

const told = ({ sizeGb, of }: { sizeGb: number | undefined; of: string | undefined }) => ({
  ...(sizeGb === undefined ? {} : { sizeGb }),
  ...(of === undefined ? {} : { of }),
});
