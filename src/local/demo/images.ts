/** What an image is made of: as it should be, and as Azure's own client reads it back. */
import type { ComputeManagementClient } from "@azure/arm-compute";

export interface ImageDisk {
  /** -1 is the OS disk. */
  readonly lun: number;
  readonly sizeGib: number;
  readonly caching: string;
}

export interface ImageFacts {
  readonly disks: readonly ImageDisk[];
  readonly osType: string;
  readonly state: string;
  readonly generation: string;
  /** How far it is: provisioning and, in a gallery, replication. */
  readonly ready: string;
}

/** The parts of a resource id by the name before each. */
const partsOf = (id: string): ReadonlyMap<string, string> => {
  const segments = id.split("/").slice(1);
  return new Map(
    segments.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), segments[i + 1] ?? ""]] : [])),
  );
};

export async function readImage(client: ComputeManagementClient, id: string): Promise<ImageFacts> {
  const parts = partsOf(id);
  const part = (name: string): string => {
    const value = parts.get(name);
    if (value === undefined) throw new Error(`${id} has no ${name}.`);
    return value;
  };
  const group = part("resourcegroups");
  return parts.has("galleries")
    ? readVersion(client, group, part("galleries"), part("images"), part("versions"))
    : readManaged(client, group, part("images"));
}

async function readVersion(
  client: ComputeManagementClient,
  group: string,
  gallery: string,
  definitionName: string,
  versionName: string,
): Promise<ImageFacts> {
  const definition = await client.galleryImages.get(group, gallery, definitionName);
  const version = await client.galleryImageVersions.get(group, gallery, definitionName, versionName, {
    expand: "ReplicationStatus",
  });
  const { osDiskImage, dataDiskImages = [] } = version.storageProfile ?? {};
  const disk = (lun: number, image: { sizeInGB?: number; hostCaching?: string } | undefined): ImageDisk => ({
    lun,
    sizeGib: image?.sizeInGB ?? 0,
    caching: image?.hostCaching ?? "?",
  });
  return {
    disks: [disk(-1, osDiskImage), ...dataDiskImages.map((image) => disk(image.lun, image))],
    osType: definition.osType ?? "?",
    state: definition.osState ?? "?",
    generation: definition.hyperVGeneration ?? "?",
    ready: [
      version.provisioningState ?? "?",
      `replication ${version.replicationStatus?.aggregatedState ?? "?"}`,
      version.publishingProfile?.excludeFromLatest === false ? "may be the latest" : "held back",
    ].join(", "),
  };
}

async function readManaged(
  client: ComputeManagementClient,
  group: string,
  name: string,
): Promise<ImageFacts> {
  const image = await client.images.get(group, name);
  const { osDisk, dataDisks = [] } = image.storageProfile ?? {};
  const disk = (lun: number, of: { diskSizeGB?: number; caching?: string } | undefined): ImageDisk => ({
    lun,
    sizeGib: of?.diskSizeGB ?? 0,
    caching: of?.caching ?? "?",
  });
  return {
    disks: [disk(-1, osDisk), ...dataDisks.map((of) => disk(of.lun, of))],
    osType: osDisk?.osType ?? "?",
    state: osDisk?.osState ?? "?",
    generation: image.hyperVGeneration ?? "?",
    ready: image.provisioningState ?? "?",
  };
}

/** One line for each thing that is not as it should be. */
export function differences(label: string, expected: Partial<ImageFacts>, found: ImageFacts): string[] {
  const problems: string[] = [];
  const compare = (what: string, wanted: string | number | undefined, is: string | number | undefined) => {
    if (wanted !== is)
      problems.push(`${label}: ${what} is ${is ?? "absent"}, but should be ${wanted ?? "absent"}.`);
  };
  for (const name of ["osType", "state", "generation", "ready"] as const)
    if (expected[name] !== undefined) compare(name, expected[name], found[name]);
  if (expected.disks === undefined) return problems;
  for (const wanted of expected.disks) {
    const is = found.disks.find(({ lun }) => lun === wanted.lun);
    compare(`${diskName(wanted.lun)}: size in GiB`, wanted.sizeGib, is?.sizeGib);
    compare(`${diskName(wanted.lun)}: caching`, wanted.caching, is?.caching);
  }
  const wantedLuns = expected.disks.map(({ lun }) => lun).sort((a, b) => a - b);
  compare(
    "the list of LUNs",
    wantedLuns.join(" "),
    found.disks
      .map(({ lun }) => lun)
      .sort((a, b) => a - b)
      .join(" "),
  );
  return problems;
}

export const diskName = (lun: number): string => (lun < 0 ? "OS disk" : `data disk, LUN ${lun}`);
