/** Managed images: from a generalized VM, from disks, from snapshots, from VHD blobs. */
import { importVhd } from "../content/blob-import.js";
import { GIB } from "../content/contents.js";
import { copyHolding } from "./disk-sources.js";
import { arm, invalidParameter } from "./errors.js";
import { imageErrors } from "./storage-errors.js";
import { vmErrors } from "./vm-errors.js";
import type { Completion } from "./operations.js";
import type { Holding, Image, ImageDisk, Vm } from "./resources.js";
import { imageRequest, parse } from "./schemas.js";
import { begin, erase, fails, reads, removes, settles, standing, tracked } from "./verbs.js";
import { type Call, type Outcome, type World, find, must, requireGroup, save, setState } from "./world.js";

export const IMAGE = "Microsoft.Compute/images";
type Profile = NonNullable<Image["body"]["properties"]["storageProfile"]>;
type OsDisk = Profile["osDisk"];
type DataDisk = Profile["dataDisks"][number];

export function putImage(call: Call): Outcome {
  const { world, id } = call;
  const request = parse(imageRequest, call.body);
  const group = requireGroup(world, id);
  const properties = request.properties ?? {};
  const existing = find(world, IMAGE, id);
  if (existing !== undefined) return update(call, existing, request.tags);
  const vm =
    properties.sourceVirtualMachine === undefined
      ? undefined
      : sourceVm(world, properties.sourceVirtualMachine.id);
  const given = vm === undefined ? properties.storageProfile : profileOf(world, vm);
  if (given?.osDisk === undefined) throw imageErrors.needsSource();
  const storageProfile = {
    osDisk: withDefaults(given.osDisk),
    dataDisks: (given.dataDisks ?? []).map(withDefaults),
  };
  const luns = storageProfile.dataDisks.map(({ lun }) => lun);
  const twice = luns.find((lun, index) => luns.indexOf(lun) !== index);
  if (twice !== undefined) throw vmErrors.sameLun(`LUN ${twice}`, twice);
  const image: Image = {
    type: IMAGE,
    body: {
      ...tracked(IMAGE, id, request.location ?? group.location, request.tags),
      properties: {
        ...properties,
        storageProfile,
        hyperVGeneration: vm?.inner.generation ?? properties.hyperVGeneration ?? "V1",
        provisioningState: "Creating",
      },
    },
    inner: { data: [] },
  };
  // Sources are looked up at once, so that what is missing refuses the request; bytes of blobs are read later.
  image.inner.data = storageProfile.dataDisks
    .filter(({ blobUri }) => blobUri === undefined)
    .map((disk) => imageDisk(world, disk));
  if (storageProfile.osDisk.blobUri === undefined) image.inner.os = imageDisk(world, storageProfile.osDisk);
  save(world, image);
  return { kind: "created", body: image.body, operation: begin(call, "images/create", image) };
}

function update(call: Call, image: Image, tags: Record<string, string> | undefined): Outcome {
  if (tags !== undefined) image.body.tags = tags;
  setState(call.world, image, "Updating");
  return { kind: "updated", body: image.body, operation: begin(call, "images/update", image) };
}

function sourceVm(world: World, id: string): Vm {
  const vm = must(world, "Microsoft.Compute/virtualMachines", id);
  const { securityProfile } = vm.body.properties;
  if (securityProfile?.securityType === "TrustedLaunch") throw imageErrors.trustedLaunch();
  if (!vm.inner.generalized) throw vmErrors.notGeneralizedForImage(vm.body.name);
  return vm;
}

/** The service itself expands a VM into its disks, each with the VM's LUN and caching. */
function profileOf(world: World, vm: Vm): { osDisk: OsDisk; dataDisks: DataDisk[] } {
  const { osDisk, dataDisks = [] } = vm.body.properties.storageProfile ?? {};
  const typeOf = (diskId: string) =>
    find(world, "Microsoft.Compute/disks", diskId)?.body["sku"] as { name: string } | undefined;
  const source = (disk: {
    managedDisk?: { id?: string | undefined } | undefined;
    caching?: OsDisk["caching"];
  }) => {
    const diskId = disk.managedDisk?.id ?? "";
    return { managedDisk: { id: diskId }, caching: disk.caching, storageAccountType: typeOf(diskId)?.name };
  };
  return {
    osDisk: { osType: osDisk?.osType ?? "Linux", osState: "Generalized", ...source(osDisk ?? {}) },
    dataDisks: dataDisks.map((disk) => ({ lun: disk.lun, ...source(disk) })),
  };
}

const withDefaults = <D extends OsDisk | DataDisk>(disk: D): D => ({
  ...disk,
  caching: disk.caching ?? "None",
  storageAccountType: disk.storageAccountType ?? "Standard_LRS",
});

function imageDisk(world: World, disk: OsDisk | DataDisk): ImageDisk {
  const id = disk.managedDisk?.id ?? disk.snapshot?.id;
  if (id === undefined)
    throw invalidParameter("An image disk needs a managedDisk, a snapshot or a blobUri.", "storageProfile");
  const source = find(world, "Microsoft.Compute/disks", id) ?? find(world, "Microsoft.Compute/snapshots", id);
  if (source === undefined) throw arm.notFound(id.split("/").at(-1) ?? "");
  return kept(disk, copyHolding(source.inner.holding));
}

const kept = (disk: OsDisk | DataDisk, holding: Holding): ImageDisk => ({
  ...("lun" in disk ? { lun: disk.lun as number } : {}),
  caching: disk.caching ?? "None",
  holding,
});

export const { get: getImage, list: listImages } = reads(IMAGE);
export const patchImage = (call: Call): Outcome =>
  update(call, must(call.world, IMAGE, call.id), parse(imageRequest, call.body).tags);

export const deleteImage = (call: Call): Outcome => erase(call, IMAGE, "images/delete");

export const imageCompletions = (world: World): Record<string, Completion> => ({
  "images/create": {
    complete: ({ target }) => {
      const image = standing(world, IMAGE, target);
      const profile = image.body.properties.storageProfile;
      const blobs = [profile?.osDisk, ...(profile?.dataDisks ?? [])].some(
        (disk) => disk?.blobUri !== undefined,
      );
      const end = () => {
        finish(world, image);
      };
      if (blobs) return readBlobs(world, image).then(end);
      end();
      return undefined;
    },
    failed: fails(world, IMAGE),
  },
  "images/update": settles(world, IMAGE),
  "images/delete": removes(world),
});

async function readBlobs(world: World, image: Image): Promise<void> {
  const { osDisk, dataDisks } = image.body.properties.storageProfile ?? {};
  for (const disk of [osDisk, ...(dataDisks ?? [])]) {
    if (disk?.blobUri === undefined) continue;
    const imported = await importVhd(world.contents, world.storage, {
      uri: disk.blobUri,
      disk: image.body.name,
    });
    const read = kept(disk, imported);
    if (disk === osDisk) image.inner.os = read;
    else image.inner.data.push(read);
  }
}

/** Sizes appear with success only (recorded). */
function finish(world: World, image: Image): void {
  const { osDisk, dataDisks = [] } = image.body.properties.storageProfile ?? {};
  const gb = (disk: ImageDisk | undefined) => Math.ceil((disk?.holding.sizeBytes ?? 0) / GIB);
  if (osDisk !== undefined) osDisk.diskSizeGB ??= gb(image.inner.os);
  for (const disk of dataDisks) disk.diskSizeGB ??= gb(image.inner.data.find(({ lun }) => lun === disk.lun));
  setState(world, image, "Succeeded");
}
