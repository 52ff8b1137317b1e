/** Where a gallery version's disks come from, and whether the source is what its definition says it is. */
import { importVhd } from "../content/blob-import.js";
import { parseId, sameId } from "./arm-ids.js";
import { copyHolding } from "./disk-sources.js";
import { invalidParameter } from "./errors.js";
import { galleryErrors } from "./storage-errors.js";
import { vmErrors } from "./vm-errors.js";
import type { Definition, Disk, ImageDisk, Snapshot, Version, Vm } from "./resources.js";
import { type World, find, save } from "./world.js";

type Profile = NonNullable<Version["body"]["properties"]["storageProfile"]>;
interface Disks {
  readonly os: ImageDisk | undefined;
  readonly data: ImageDisk[];
}

/** Disks of the version, or none yet where blobs are to be read first. Refuses what does not fit the definition. */
export function sourceOf(world: World, definition: Definition, profile: Profile, versionId: string): Disks {
  const { source, osDiskImage, dataDiskImages = [] } = profile;
  const vmId = source?.virtualMachineId ?? (isVm(source?.id) ? source?.id : undefined);
  if (vmId !== undefined) return fromVm(world, definition, vmId);
  if (source?.id !== undefined) return fromImage(world, definition, source.id);
  const luns = dataDiskImages.map(({ lun }) => lun);
  const twice = luns.find((lun, index) => luns.indexOf(lun) !== index);
  if (twice !== undefined) throw vmErrors.sameLun(`LUN ${twice}`, twice);
  if (osDiskImage?.source === undefined)
    throw vmErrors.missing("galleryImageVersion.properties.storageProfile.source");
  if (osDiskImage.source.uri !== undefined) {
    if (osDiskImage.source.storageAccountId === undefined && osDiskImage.source.id === undefined) {
      throw vmErrors.missing("osDiskImage.source.storageAccountId");
    }
    return { os: undefined, data: [] };
  }
  return {
    os: diskOf(world, definition, osDiskImage.source.id, osDiskImage.hostCaching ?? "ReadWrite"),
    data: dataDiskImages
      .filter((disk) => disk.source?.uri === undefined)
      .map((disk) => ({
        ...diskOf(world, undefined, disk.source?.id, disk.hostCaching ?? "None"),
        lun: disk.lun,
      })),
  };

  function isVm(id: string | undefined): boolean {
    return (
      id !== undefined &&
      parseId(id).type.toLowerCase() === "microsoft.compute/virtualmachines" &&
      !sameId(id, versionId)
    );
  }
}

function fromVm(world: World, definition: Definition, id: string): Disks {
  const vm = find(world, "Microsoft.Compute/virtualMachines", id);
  if (vm === undefined) throw galleryErrors.sourceNotFound(id);
  const { osType, osState, features = [] } = definition.body.properties;
  const own = vm.inner.generalized ? "Generalized" : "Specialized";
  if (own !== osState) throw galleryErrors.differs(id, "OS state", own, osState);
  checkGeneration(definition, id, vm.inner.generation);
  checkSecurity(definition, vm);
  const { osDisk, dataDisks = [], diskControllerType } = vm.body.properties.storageProfile ?? {};
  if (osDisk?.osType !== undefined && osDisk.osType !== osType)
    throw galleryErrors.differs(id, "OS type", osDisk.osType, osType);
  const controllers = features.find(({ name }) => name === "DiskControllerTypes")?.value;
  if (diskControllerType === "NVMe" && controllers?.includes("NVMe") !== true) {
    throw galleryErrors.differs(id, "disk controller type", diskControllerType, controllers ?? "SCSI");
  }
  const held = (diskId: string | undefined, caching: ImageDisk["caching"] | undefined): ImageDisk => {
    const disk = find(world, "Microsoft.Compute/disks", diskId ?? "");
    if (disk === undefined) throw galleryErrors.sourceNotFound(diskId ?? id);
    return { holding: copyHolding(disk.inner.holding), caching: caching ?? "None", ...keyOf(disk) };
  };
  return {
    os: held(osDisk?.managedDisk?.id, osDisk?.caching),
    data: dataDisks.map((disk) => ({ ...held(disk.managedDisk?.id, disk.caching), lun: disk.lun })),
  };
}

/** Which security types of a definition take a VM of which own type (Microsoft's "Trusted Launch" and gallery articles). */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  Standard: [
    "Standard",
    "None",
    "TrustedLaunchSupported",
    "ConfidentialVmSupported",
    "TrustedLaunchAndConfidentialVmSupported",
  ],
  TrustedLaunch: ["TrustedLaunch", "TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"],
  ConfidentialVM: ["ConfidentialVM", "ConfidentialVmSupported", "TrustedLaunchAndConfidentialVmSupported"],
};

function checkSecurity(definition: Definition, vm: Vm): void {
  const own = vm.body.properties.securityProfile?.securityType ?? "Standard";
  const asked =
    definition.body.properties.features?.find(({ name }) => name === "SecurityType")?.value ?? "Standard";
  if (TAKES[own]?.includes(asked) !== true)
    throw galleryErrors.differs(vm.body.id, "security type", own, asked);
}

function checkGeneration(definition: Definition, id: string, own: "V1" | "V2"): void {
  const wanted = definition.body.properties.hyperVGeneration ?? "V1";
  if (own !== wanted) throw galleryErrors.differs(id, "Hypervisor generation", own, wanted);
}

function fromImage(world: World, definition: Definition, id: string): Disks {
  const { osState } = definition.body.properties;
  const image = find(world, "Microsoft.Compute/images", id);
  if (image?.inner.os !== undefined) {
    const own = image.body.properties.storageProfile?.osDisk.osState ?? "Generalized";
    if (own !== osState) throw galleryErrors.differs(id, "OS state", own, osState);
    checkGeneration(definition, id, image.body.properties.hyperVGeneration ?? "V1");
    return { os: image.inner.os, data: image.inner.data };
  }
  const version = find(world, "Microsoft.Compute/galleries/images/versions", id);
  const parent =
    version === undefined
      ? undefined
      : find(world, "Microsoft.Compute/galleries/images", version.body.id.split("/").slice(0, -2).join("/"));
  if (version === undefined || parent === undefined) throw galleryErrors.sourceNotFound(id);
  if (parent.body.properties.osState !== osState)
    throw galleryErrors.differs(id, "OS state", parent.body.properties.osState, osState);
  checkGeneration(definition, id, parent.body.properties.hyperVGeneration ?? "V1");
  return { os: version.inner.os, data: version.inner.data };
}

/** A disk or snapshot does not say whether its system is generalized; only its generation can be compared. */
function diskOf(
  world: World,
  definition: Definition | undefined,
  id: string | undefined,
  caching: ImageDisk["caching"],
): ImageDisk {
  const source: Disk | Snapshot | undefined =
    find(world, "Microsoft.Compute/disks", id ?? "") ?? find(world, "Microsoft.Compute/snapshots", id ?? "");
  if (source === undefined) throw galleryErrors.sourceNotFound(id ?? "");
  const { hyperVGeneration, osType } = source.body.properties;
  if (definition !== undefined) {
    if (hyperVGeneration !== undefined) checkGeneration(definition, source.body.id, hyperVGeneration);
    if (osType === undefined)
      throw invalidParameter(`The source ${source.body.id} is no OS disk.`, "osDiskImage.source");
  }
  return { holding: copyHolding(source.inner.holding), caching, ...keyOf(source) };
}

function keyOf({ body }: Disk | Snapshot): Pick<ImageDisk, "encryptionSetId"> {
  const { diskEncryptionSetId: id } = (body.properties["encryption"] ?? {}) as {
    diskEncryptionSetId?: string;
  };
  return id === undefined ? {} : { encryptionSetId: id };
}

/**
 * A disk under a customer's key is replicated only where the region names a set for it, and what regions of a version
 * of a VM name counts for nothing (Azure/azure-rest-api-specs, issue 29280).
 */
export function unsaidKey({ body, inner }: Version): string | undefined {
  const { publishingProfile, storageProfile } = body.properties;
  const ofVm = storageProfile?.source?.virtualMachineId !== undefined;
  const regions = (publishingProfile?.targetRegions ?? []).map(({ encryption = {} }) => {
    const { osDiskImage, dataDiskImages = [] } = encryption;
    return ofVm ? [] : [{ ...osDiskImage, lun: undefined }, ...dataDiskImages];
  });
  const isNamed = ({ lun }: ImageDisk) =>
    regions.every((said) => said.some((disk) => disk.lun === lun && disk.diskEncryptionSetId !== undefined));
  return [...(inner.os === undefined ? [] : [inner.os]), ...inner.data].find(
    (disk) => disk.encryptionSetId !== undefined && !isNamed(disk),
  )?.encryptionSetId;
}

export async function readBlobSources(world: World, version: Version): Promise<void> {
  const { osDiskImage, dataDiskImages = [] } = version.body.properties.storageProfile ?? {};
  const read = async (disk: typeof osDiskImage, caching: ImageDisk["caching"]): Promise<ImageDisk> => {
    const { uri = "", storageAccountId, id } = disk?.source ?? {};
    const holding = await importVhd(world.contents, world.storage, {
      uri,
      accountId: storageAccountId ?? id,
      disk: version.body.name,
    });
    return { holding, caching: disk?.hostCaching ?? caching };
  };
  version.inner.os = await read(osDiskImage, "ReadWrite");
  for (const disk of dataDiskImages) {
    if (disk.source?.uri !== undefined)
      version.inner.data.push({ ...(await read(disk, "None")), lun: disk.lun });
  }
  save(world, version);
}
