/** What the disk could boot with: UEFI loaders in EFI system partitions, and what the BIOS would run. */
import type { DiskFacts, DiskFinding, DiskFindingCode } from "./facts.js";
import { find, namesIn } from "./file-tree.js";
import { BIOS_BOOT_TYPE, EFI_SYSTEM_TYPE } from "./gpt.js";
import type { PartitionTable } from "./partition-table.js";
import { type Machine, readPe } from "./pe.js";
import { printable } from "./text.js";
import type { Volume } from "./volume.js";

/**
 * What UEFI looks for on a disk it has no boot entry for (UEFI 2.10, section 3.5.1.1: the name says the processor),
 * and Windows' own loader.
 */
const LOADERS: readonly (readonly [path: string, machine?: Machine])[] = [
  ["EFI/BOOT/BOOTX64.EFI", "x64"],
  ["EFI/BOOT/BOOTAA64.EFI", "Arm64"],
  ["EFI/BOOT/BOOTIA32.EFI", "x86"],
  ["EFI/BOOT/BOOTARM.EFI", "Arm"],
  ["EFI/Microsoft/Boot/bootmgfw.efi"],
];
const NO_VM: ReadonlySet<Machine | undefined> = new Set(["x86", "Arm", "other"]);

const EFI_SYSTEM_MBR_TYPE = "0xEF";
const MAX_VENDORS = 16;

export interface BootEvidence {
  readonly generation: DiskFacts["generation"];
  readonly architecture: DiskFacts["architecture"];
  readonly secureBootSigned?: boolean;
  /** Directory names beside `EFI/BOOT`, lower case, printable. */
  readonly vendors: readonly string[];
  readonly findings: readonly DiskFinding[];
}

interface Loader {
  readonly path: string;
  readonly machine?: Machine;
  readonly signed: boolean;
  /** Begins like a program and is none: the name must stand for what it was. */
  readonly damaged: boolean;
  readonly offsetBytes: number;
}

export async function gatherBootEvidence(
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<BootEvidence> {
  const findings: DiskFinding[] = [];
  const loaders: Loader[] = [];
  const vendors: string[] = [];
  for (const volume of volumes.filter(isEfiSystem)) {
    const here = await loadersIn(volume);
    loaders.push(...here);
    vendors.push(...(await vendorsIn(volume)));
    if (here.length === 0) findings.push(withoutLoader(volume));
  }
  findings.push(...loaders.flatMap(faultsOf));
  const usable = loaders.filter(({ machine }) => !NO_VM.has(machine));
  const [bios, uefi] = [startsByBios(table), usable.length > 0];
  if (bios && uefi) {
    findings.push({
      code: "BOOTS_BOTH_GENERATIONS",
      severity: "info",
      message:
        "The disk has boot code for BIOS and a loader for UEFI; it can be used as either generation, and V2 is preferred.",
    });
  }
  return {
    generation: uefi ? (bios ? "both" : "V2") : bios ? "V1" : "unknown",
    architecture: architectureOf(usable, bios, findings),
    ...(usable.length > 0 && { secureBootSigned: usable.every(({ signed }) => signed) }),
    vendors,
    findings,
  };
}

const isEfiSystem = ({ partition }: Volume): boolean =>
  partition.type === EFI_SYSTEM_TYPE || partition.type === EFI_SYSTEM_MBR_TYPE;

async function loadersIn({ tree, partition }: Volume): Promise<Loader[]> {
  const loaders: Loader[] = [];
  for (const [path, named] of tree ? LOADERS : []) {
    const file = tree && (await find(tree, path));
    const pe = file?.kind === "file" ? await readPe(file) : undefined;
    if (!pe) continue;
    const machine = pe.machine ?? named;
    loaders.push({
      path: `\\${path.replaceAll("/", "\\")}`,
      offsetBytes: partition.offsetBytes,
      ...(machine && { machine }),
      signed: pe.signed,
      damaged: pe.machine === undefined,
    });
  }
  return loaders;
}

function faultsOf({ path, machine, signed, damaged, offsetBytes }: Loader): DiskFinding[] {
  const fault = (
    code: DiskFindingCode,
    severity: DiskFinding["severity"],
    message: string,
  ): DiskFinding[] => [
    { code, severity, message: `${path} ${message}`, where: { offsetBytes, value: path } },
  ];
  if (damaged)
    return fault("LOADER_DAMAGED", "warning", "begins like a program, but has no complete header.");
  if (NO_VM.has(machine)) {
    return fault(
      "ARCHITECTURE_UNSUPPORTED",
      "warning",
      `is for a processor (${machine ?? "?"}) that no Azure VM has.`,
    );
  }
  if (signed) return [];
  return fault(
    "LOADER_UNSIGNED",
    "info",
    "is not signed; Secure Boot, and therefore Trusted Launch with Secure Boot, would not start it.",
  );
}

async function vendorsIn({ tree }: Volume): Promise<string[]> {
  const names = tree ? await namesIn(tree, "EFI") : [];
  return names
    .map((name) => printable(name.toLowerCase()))
    .filter((name) => name !== "boot")
    .slice(0, MAX_VENDORS);
}

const withoutLoader = ({ partition, filesystem }: Volume): DiskFinding => ({
  code: "ESP_WITHOUT_LOADER",
  severity: "warning",
  message:
    `Partition ${partition.number} is an EFI system partition (${filesystem ?? "no filesystem"}) without a loader: ` +
    "neither \\EFI\\BOOT\\BOOTX64.EFI or BOOTAA64.EFI nor \\EFI\\Microsoft\\Boot\\bootmgfw.efi is a program.",
  where: { offsetBytes: partition.offsetBytes },
});

/** A BIOS runs sector 0, which goes on to the active partition; GRUB goes where it was told, or to a BIOS boot partition. */
function startsByBios({ hasBootCode, hasGrub, partitions }: PartitionTable): boolean {
  const hasBiosBoot = partitions.some(({ type }) => type === BIOS_BOOT_TYPE);
  const hasActive = partitions.some(({ active }) => active);
  return hasBiosBoot || (hasBootCode && (hasActive || hasGrub));
}

function architectureOf(
  loaders: readonly Loader[],
  bios: boolean,
  findings: DiskFinding[],
): DiskFacts["architecture"] {
  const machines = new Set(loaders.map(({ machine }) => machine));
  if (machines.has("x64") && machines.has("Arm64")) {
    findings.push({
      code: "ARCHITECTURE_CONFLICT",
      severity: "warning",
      message:
        "There are UEFI loaders for x64 and for Arm64; the manifest must state which one the image is for.",
    });
    return "unknown";
  }
  if (machines.has("Arm64")) return "Arm64";
  // Azure's Arm64 VMs are all of generation 2.
  return machines.has("x64") || bios ? "x64" : "unknown";
}
