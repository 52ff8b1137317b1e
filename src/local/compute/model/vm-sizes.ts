/** VM sizes that the simulator knows, with the facts that a capture cares about; any other name counts as two cores. */
import { type Call, all, found, listed, must, type Outcome, type World } from "./world.js";
import { regionKey } from "./regions.js";

interface Size {
  readonly name: string;
  readonly family: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly generations: string;
  readonly controllers: string;
  readonly architecture: "x64" | "Arm64";
  readonly trustedLaunch: boolean;
}

const size = (
  name: string,
  family: string,
  cores: number,
  memoryGb: number,
  more: Partial<Size> = {},
): Size => ({
  name,
  family,
  cores,
  memoryGb,
  generations: "V1,V2",
  controllers: "SCSI",
  architecture: "x64",
  trustedLaunch: true,
  ...more,
});

export const SIZES: readonly Size[] = [
  size("Standard_B2s", "standardBSFamily", 2, 4),
  size("Standard_B2ms", "standardBSFamily", 2, 8),
  size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5),
  size("Standard_D2s_v3", "standardDSv3Family", 2, 8),
  size("Standard_D4s_v3", "standardDSv3Family", 4, 16),
  size("Standard_D2s_v5", "standardDSv5Family", 2, 8),
  size("Standard_D4s_v5", "standardDSv5Family", 4, 16),
  size("Standard_D2as_v5", "standardDASv5Family", 2, 8),
  size("Standard_E4s_v5", "standardESv5Family", 4, 32),
  size("Standard_D2ds_v6", "StandardDdsv6Family", 2, 8, { controllers: "NVMe", generations: "V2" }),
  size("Standard_E4bds_v5", "standardEBDSv5Family", 4, 32, { controllers: "SCSI,NVMe" }),
  size("Standard_D2ps_v5", "standardDPSv5Family", 2, 8, {
    architecture: "Arm64",
    generations: "V2",
    trustedLaunch: false,
  }),
];

const UNKNOWN = size("", "unknownFamily", 2, 8);

export const sizeOf = (name: string | undefined): Size =>
  SIZES.find((known) => known.name.toLowerCase() === name?.toLowerCase()) ?? UNKNOWN;

const DEFAULT_CORES = 350;
const DEFAULT_VMS = 25_000;

/** Limits a seed may lower, by the name that usages show. */
export const limitOf = (world: World, name: string): number => {
  const quotas = world.tables.settings.get("quotas") as Record<string, number> | undefined;
  return quotas?.[name] ?? (name === "virtualMachines" ? DEFAULT_VMS : DEFAULT_CORES);
};

/** Cores in use in a region, all of them or those of one family. Deallocated VMs count too, as in Azure. */
export function coresUsed(world: World, location: string, family?: string): number {
  let cores = 0;
  for (const vm of all(world, "Microsoft.Compute/virtualMachines")) {
    const known = sizeOf(vm.body.properties.hardwareProfile?.vmSize);
    if (regionKey(vm.body.location ?? "") !== regionKey(location)) continue;
    if (family === undefined || family === known.family) cores += known.cores;
  }
  return cores;
}

export function listUsages(call: Call): Outcome {
  const location = call.params["location"] ?? "";
  const { world } = call;
  const vms = [...all(world, "Microsoft.Compute/virtualMachines")].filter(
    ({ body }) => regionKey(body.location ?? "") === regionKey(location),
  );
  const usage = (value: string, localizedValue: string, currentValue: number) => ({
    unit: "Count",
    currentValue,
    limit: limitOf(world, value),
    name: { value, localizedValue },
  });
  const families = [...new Set(SIZES.map(({ family }) => family))];
  return listed([
    usage("cores", "Total Regional vCPUs", coresUsed(world, location)),
    usage("virtualMachines", "Virtual Machines", vms.length),
    ...families.map((family) => usage(family, `${family} vCPUs`, coresUsed(world, location, family))),
  ]);
}

/** A VM can go to every size of its region, as long as nothing says otherwise. */
export function listAvailableSizes(call: Call): Outcome {
  must(call.world, "Microsoft.Compute/virtualMachines", call.id);
  return listVmSizes();
}

export function listVmSizes(): Outcome {
  return listed(
    SIZES.map(({ name, cores, memoryGb }) => ({
      name,
      numberOfCores: cores,
      osDiskSizeInMB: 1_047_552,
      resourceDiskSizeInMB: 16_384,
      memoryInMB: memoryGb * 1024,
      maxDataDiskCount: cores * 2,
    })),
  );
}

interface ClosedSize {
  readonly size: string;
  readonly zones?: readonly string[];
}

/** What the seed says of a size that the subscription may not use (`closedSizes`). */
const closings = (world: World, name: string): readonly ClosedSize[] =>
  ((world.tables.settings.get("closedSizes") ?? []) as readonly ClosedSize[]).filter(
    ({ size: closed }) => closed.toLowerCase() === name.toLowerCase(),
  );

export const isClosed = (world: World, name: string, zones: readonly string[] = []): boolean =>
  closings(world, name).some((closed) => closed.zones?.some((zone) => zones.includes(zone)) ?? true);

const restrictionsOf = (world: World, name: string, location: string) =>
  closings(world, name).map(({ zones }) => ({
    type: zones === undefined ? "Location" : "Zone",
    values: [location],
    restrictionInfo: { locations: [location], ...(zones === undefined ? {} : { zones }) },
    reasonCode: "NotAvailableForSubscription",
  }));

/** `$filter=location eq 'westus'` is the one filter the service takes. */
export function listSkus({ world, query }: Call): Outcome {
  const location = /location eq '([^']+)'/.exec(query.get("$filter") ?? "")?.[1] ?? "westeurope";
  return found({
    value: SIZES.map((known) => ({
      resourceType: "virtualMachines",
      name: known.name,
      family: known.family,
      locations: [location],
      locationInfo: [{ location, zones: ["1", "2", "3"] }],
      capabilities: [
        { name: "vCPUs", value: String(known.cores) },
        { name: "MemoryGB", value: String(known.memoryGb) },
        { name: "HyperVGenerations", value: known.generations },
        { name: "DiskControllerTypes", value: known.controllers },
        { name: "CpuArchitectureType", value: known.architecture },
        { name: "TrustedLaunchDisabled", value: known.trustedLaunch ? "False" : "True" },
        { name: "PremiumIO", value: "True" },
      ],
      restrictions: restrictionsOf(world, known.name, location),
    })),
  });
}
