/** Managed disks: made from nothing, a snapshot, a restore point, an image or a VHD; attached to one VM at a time. */
import { randomUUID } from "node:crypto";
import { GIB } from "../content/contents.js";
import { sameId, withUpperCaseGroup } from "./arm-ids.js";
import { type DiskSource, copyHolding, diskSource, importInto } from "./disk-sources.js";
import { checkSize, tierOf, withTier } from "./disk-sizes.js";
import { ArmError, arm, invalidParameter } from "./errors.js";
import { diskErrors } from "./storage-errors.js";
import type { Completion, Operation } from "./operations.js";
import type { Disk, DiskProperties, Snapshot } from "./resources.js";
import { diskRequest, parse } from "./schemas.js";
import { begin, erase, fails, reads, removes, standing, tracked } from "./verbs.js";
import {
  type Call,
  type Outcome,
  type World,
  all,
  find,
  must,
  requireGroup,
  save,
  setState,
  timestamp,
} from "./world.js";

export const DISK = "Microsoft.Compute/disks";

export function putDisk(call: Call): Outcome {
  const { world, id } = call;
  const request = parse(diskRequest, call.body);
  const group = requireGroup(world, id);
  const existing = find(world, DISK, id);
  if (existing !== undefined) return updateDisk(call, existing, request);
  const properties = request.properties ?? {};
  const { creationData } = properties;
  checkSize(properties.diskSizeGB);
  if (creationData === undefined)
    throw invalidParameter("Required parameter 'creationData' is missing (null).", "creationData");
  const source =
    creationData.createOption === "Import"
      ? undefined
      : diskSource(world, creationData, properties.diskSizeGB);
  const disk = makeDisk(world, {
    id,
    location: request.location ?? group.location,
    source: source ?? { holding: { contentId: world.contents.zeros(0), sizeBytes: 0 } },
    envelope: request,
    properties: { ...properties, creationData },
  });
  setState(world, disk, "Updating");
  const echo = {
    ...request,
    id,
    name: disk.body.name,
    type: DISK,
    location: disk.body.location,
    properties: { ...properties, provisioningState: "Updating" },
  };
  return written(call, disk, echo, { wantedGb: properties.diskSizeGB });
}

function updateDisk(
  call: Call,
  disk: Disk,
  request: {
    properties?: { diskSizeGB?: number | undefined } | undefined;
    tags?: Record<string, string> | undefined;
    sku?: unknown;
  },
): Outcome {
  const { diskSizeGB } = request.properties ?? {};
  checkSize(diskSizeGB);
  if (request.tags !== undefined) disk.body.tags = request.tags;
  if (request.sku !== undefined) disk.body["sku"] = withTier(request.sku as { name?: string });
  setState(call.world, disk, "Updating");
  const echo = {
    ...viewOf(call.world, disk),
    properties: { ...disk.body.properties, diskSizeGB: diskSizeGB ?? disk.body.properties.diskSizeGB },
  };
  return written(call, disk, echo, { wantedGb: diskSizeGB });
}

const written = (call: Call, disk: Disk, echo: unknown, details: Record<string, unknown>): Outcome => ({
  kind: "accepted",
  body: echo,
  retrySeconds: 2,
  operation: begin(call, "disks/write", disk, { details }),
});

interface NewDisk {
  readonly id: string;
  readonly location: string;
  readonly source: DiskSource;
  readonly envelope: { readonly [member: string]: unknown };
  readonly properties: Partial<DiskProperties> & Pick<DiskProperties, "creationData">;
}

/** Puts a disk into being; a VM that makes its own disks uses this too. */
export function makeDisk(world: World, { id, location, source, envelope, properties }: NewDisk): Disk {
  const sizeGb = Math.max(properties.diskSizeGB ?? 0, Math.ceil(source.holding.sizeBytes / GIB));
  const { generation, osType, architecture = "x64" } = source;
  const sku = envelope["sku"] as { name?: string } | undefined;
  if (envelope["zones"] !== undefined && sku?.name?.endsWith("_ZRS") === true)
    throw diskErrors.zonal(sku.name);
  const disk: Disk = {
    type: DISK,
    body: {
      ...tracked(DISK, id, location, envelope["tags"] as Record<string, string> | undefined),
      ...(envelope["zones"] === undefined ? {} : { zones: envelope["zones"] as string[] }),
      sku: withTier(sku),
      properties: {
        encryption: { type: "EncryptionAtRestWithPlatformKey" },
        networkAccessPolicy: "AllowAll",
        publicNetworkAccess: "Enabled",
        ...(osType === undefined ? {} : { osType }),
        ...(generation === undefined
          ? {}
          : { hyperVGeneration: generation, supportedCapabilities: { architecture } }),
        ...properties,
        creationData: {
          ...properties.creationData,
          ...(source.uniqueId === undefined ? {} : { sourceUniqueId: source.uniqueId }),
        },
        diskSizeGB: sizeGb,
        diskIOPSReadWrite: 500,
        diskMBpsReadWrite: 60,
        timeCreated: timestamp(world.clock.now()),
        provisioningState: "Succeeded",
        diskSizeBytes: sizeGb * GIB,
        uniqueId: randomUUID(),
      },
    },
    inner: { holding: { ...copyHolding(source.holding), sizeBytes: sizeGb * GIB } },
  };
  save(world, disk);
  return disk;
}

/** What a GET answers: state and owner follow from the VM and the signature, so they are never stored. */
export function viewOf(world: World, disk: Disk): Disk["body"] {
  const { vmId, access } = disk.inner;
  const vm = vmId === undefined ? undefined : find(world, "Microsoft.Compute/virtualMachines", vmId);
  const sas = access !== undefined && access.expiresMs > world.clock.now();
  const attached = vm?.inner.power === "deallocated" ? "Reserved" : "Attached";
  const diskState = sas ? "ActiveSAS" : vmId === undefined ? "Unattached" : attached;
  return {
    ...disk.body,
    ...(vmId === undefined ? {} : { managedBy: withUpperCaseGroup(vmId) }),
    properties: {
      ...disk.body.properties,
      ...tierOf((disk.body["sku"] as { name: string }).name, disk.body.properties.diskSizeGB ?? 0),
      diskState,
    },
  };
}

export const { get: getDisk, list: listDisks } = reads(DISK, (disk, { world }) => viewOf(world, disk));

export function patchDisk(call: Call): Outcome {
  return updateDisk(call, must(call.world, DISK, call.id), parse(diskRequest, call.body));
}

export const deleteDisk = (call: Call): Outcome =>
  erase(call, DISK, "disks/delete", (disk) => {
    if (disk.inner.vmId !== undefined) throw diskErrors.attached(disk.body.name, disk.inner.vmId);
    checkNoSas(call.world, disk);
  });

export function checkNoSas(world: World, disk: Disk | Snapshot): void {
  const { access } = disk.inner;
  if (access !== undefined && access.expiresMs > world.clock.now())
    throw diskErrors.activeSas(disk.body.name);
}

/** A disk can be attached when it exists, belongs to nobody else and nobody reads it. */
export function attachable(world: World, diskId: string, vmId: string): Disk {
  const disk = find(world, DISK, diskId);
  if (disk === undefined) throw arm.notFound(diskId.split("/").at(-1) ?? "");
  if (disk.inner.vmId !== undefined && !sameId(disk.inner.vmId, vmId))
    throw diskErrors.owned(disk.body.name, disk.inner.vmId);
  checkNoSas(world, disk);
  return disk;
}

export function detachFromVm(world: World, vmId: string, only: (disk: Disk) => boolean = () => true): void {
  for (const disk of all(world, DISK)) {
    if (disk.inner.vmId === undefined || !sameId(disk.inner.vmId, vmId) || !only(disk)) continue;
    delete disk.inner.vmId;
    save(world, disk);
  }
}

export const diskCompletions = (world: World): Record<string, Completion> => ({
  "disks/write": {
    complete: (operation: Operation) => {
      const disk = standing(world, DISK, operation.target);
      const wantedGb = operation.details["wantedGb"] as number | undefined;
      const finish = () => {
        resize(disk, wantedGb);
        setState(world, disk, "Succeeded");
        return viewOf(world, disk);
      };
      const imports =
        disk.body.properties.creationData.createOption === "Import" && disk.inner.holding.sizeBytes === 0;
      return imports ? importInto(world, disk).then(finish) : finish();
    },
    failed: fails(world, DISK),
  },
  "disks/delete": removes(world),
});

function resize(disk: Disk, wantedGb: number | undefined): void {
  if (wantedGb === undefined) return;
  if (wantedGb * GIB < disk.inner.holding.sizeBytes) throw new ArmError(400, diskErrors.shrunk());
  disk.inner.holding.sizeBytes = wantedGb * GIB;
  disk.body.properties.diskSizeGB = wantedGb;
  disk.body.properties["diskSizeBytes"] = wantedGb * GIB;
}
