/** Models of disks turned into requests for their copies: all that was set, nothing that Azure fills in. */
import type { Disk, Snapshot } from "@azure/arm-compute";
import type { SnapshotOrder } from "../../domain/backup.js";
import { parseResourceId } from "../../domain/resource-id.js";

/**
 * What the same bytes need to be the same disk. Its zones are its own, not its VM's: a zone-redundant disk has none
 * and may name none. Left out, its customer's key would be replaced by Azure's, and its controllers by SCSI alone.
 */
const NATURE = [
  "zones",
  "extendedLocation",
  "osType",
  "hyperVGeneration",
  "purchasePlan",
  "supportedCapabilities",
  "diskSizeGB",
  "encryption",
  "supportsHibernation",
] as const satisfies readonly (keyof Disk)[];

/** What was set on a disk for its use. */
const SETTINGS = [
  "tags",
  "maxShares",
  "networkAccessPolicy",
  "diskAccessId",
  "tier",
  "burstingEnabled",
  "publicNetworkAccess",
  "dataAccessAuthMode",
  "optimizedForFrequentAttach",
] as const satisfies readonly (keyof Disk)[];

type Tags = Readonly<Record<string, string>>;

export function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  const kept = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(kept) as Pick<T, K>;
}

/** The same disk with the backup's bytes. */
export const restoredDisk = (saved: Disk, sourceId: string, tags: Tags): Disk => ({
  ...copyOf(saved, sourceId),
  ...pick(saved, SETTINGS),
  tags: { ...saved.tags, ...tags },
});

/** The same for a working VM: nobody else reads it. */
export const workingDisk = (saved: Disk, sourceId: string, tags: Tags): Disk => ({
  ...copyOf(saved, sourceId),
  tags,
  networkAccessPolicy: "DenyAll",
  publicNetworkAccess: "Disabled",
});

function copyOf(saved: Disk, sourceId: string): Disk {
  const fromRestorePoint = parseResourceId(sourceId)?.type.toLowerCase().includes("restorepoints") === true;
  const { sku, securityProfile } = saved;
  return {
    location: saved.location,
    ...pick(saved, NATURE),
    ...(sku?.name === undefined ? {} : { sku: { name: sku.name } }),
    ...(securityProfile?.securityType === undefined
      ? {}
      : { securityProfile: pick(securityProfile, ["securityType", "secureVMDiskEncryptionSetId"]) }),
    creationData: { createOption: fromRestorePoint ? "Restore" : "Copy", sourceResourceId: sourceId },
  };
}

export const snapshotOf = (saved: Disk, { diskId, tags }: SnapshotOrder): Snapshot => ({
  location: saved.location,
  tags: { ...tags },
  sku: { name: "Standard_LRS" },
  incremental: true,
  ...pick(saved, ["encryption"]),
  creationData: { createOption: "Copy", sourceResourceId: diskId },
});
