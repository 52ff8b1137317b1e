/**
 * From what the volumes hold to one answer: which operating system. The root itself is believed first; where it
 * cannot be read, the vendor directory of the EFI system partition is a hint.
 */
import type { BootEvidence } from "./boot-evidence.js";
import type { DiskFacts, DiskFinding } from "./facts.js";
import { namesIn } from "./file-tree.js";
import { readLinuxRoot } from "./linux-facts.js";
import { readUsrRelease } from "./os-release.js";
import type { Volume } from "./volume.js";
import { readWindows } from "./windows-facts.js";

export type OperatingSystem = Pick<DiskFacts, "osFamily" | "generalized" | "distribution" | "version">;

/** Vendor directory of the EFI system partition → `ID` of os-release, where the two differ. */
const VENDOR_IDS: Readonly<Record<string, string>> = {
  redhat: "rhel",
  oracle: "ol",
  amazon: "amzn",
  suse: "sles",
};
/** The vendor directories that stand for a Linux; others are tools and firmware. */
const LINUX_VENDORS: ReadonlySet<string> = new Set([
  ...Object.keys(VENDOR_IDS),
  ...[
    "almalinux",
    "alpine",
    "arch",
    "azurelinux",
    "centos",
    "debian",
    "fedora",
    "flatcar",
    "gentoo",
    "mariner",
  ],
  ...["opensuse", "photon", "rocky", "sles", "ubuntu"],
]);
const WINDOWS_VENDOR = "microsoft";

/** Kinds of volume that can hold a Linux root which is not read here. */
const UNREADABLE_ROOTS: ReadonlySet<string> = new Set([
  ...["btrfs", "erofs", "f2fs", "linux-raid", "luks", "lvm2", "squashfs", "xfs"],
]);

export const UNKNOWN_SYSTEM: OperatingSystem = { osFamily: "unknown", generalized: "unknown" };

interface Found extends OperatingSystem {
  /** A root that was read, against a mere sign of one. */
  readonly certain: boolean;
}

export async function identifyOperatingSystem(
  volumes: readonly Volume[],
  boot: BootEvidence,
  findings: DiskFinding[],
): Promise<OperatingSystem> {
  const found: Found[] = [];
  for (const volume of volumes) {
    const system = await systemOn(volume, findings);
    if (system) found.push(system);
  }
  const vendor = boot.vendors.find((name) => LINUX_VENDORS.has(name));
  if (vendor) {
    found.push({
      osFamily: "Linux",
      generalized: "unknown",
      distribution: VENDOR_IDS[vendor] ?? vendor,
      certain: false,
    });
  } else if (
    boot.vendors.includes(WINDOWS_VENDOR) ||
    volumes.some(({ filesystem }) => filesystem === "bitlocker")
  ) {
    found.push({ osFamily: "Windows", generalized: "unknown", certain: false });
  }
  const roots = found.filter(({ certain }) => certain);
  const [first, second] = roots;
  if (first && second) findings.push(severalSystems(roots));
  const hint = strongestHint(found, volumes, boot);
  const { certain, ...answer } = first ? named(first, hint) : (hint ?? { ...UNKNOWN_SYSTEM, certain: true });
  if (!certain && answer.osFamily === "Linux") findings.push(unreadableRoot(volumes, answer));
  return answer;
}

/** A root whose os-release lies on a /usr of its own has its name from there; a vendor directory has no version. */
const named = (root: Found, hint: Found | undefined): Found =>
  root.distribution === undefined && hint?.version !== undefined ? { ...hint, ...root } : root;

async function systemOn(
  { tree, filesystem, partition }: Volume,
  findings: DiskFinding[],
): Promise<Found | undefined> {
  if (!tree) return undefined;
  if (filesystem === "ntfs") {
    const windows = await readWindows(tree, partition.offsetBytes);
    if (!windows) return undefined;
    const { findings: said, role, ...facts } = windows;
    findings.push(...said);
    return { osFamily: "Windows", ...facts, certain: role === "system" };
  }
  if (!filesystem?.startsWith("ext")) return undefined;
  const linux = await readLinuxRoot(tree, partition.offsetBytes);
  if (linux) {
    const { findings: said, ...facts } = linux;
    findings.push(...said);
    return { osFamily: "Linux", ...facts, certain: true };
  }
  // A /usr of its own, as Flatcar has it: the root, and what identity is in it, is elsewhere.
  const usr = await readUsrRelease(tree);
  if (usr) return { osFamily: "Linux", generalized: "unknown", ...usr, certain: false };
  // A /boot of its own: the root is elsewhere.
  const isBoot = (await namesIn(tree, "")).some((name) => /^(vmlinuz|grub2?$)/.test(name));
  return isBoot ? { osFamily: "Linux", generalized: "unknown", certain: false } : undefined;
}

/**
 * A hint that names the distribution before one that does not. A disk that boots into something only Linux uses
 * holds a Linux: the usual case of generation 1, where no EFI system partition names a vendor.
 */
function strongestHint(
  found: readonly Found[],
  volumes: readonly Volume[],
  boot: BootEvidence,
): Found | undefined {
  const hint = found.find(({ distribution }) => distribution !== undefined) ?? found[0];
  if (hint || boot.generation === "unknown") return hint;
  return volumes.some(({ filesystem }) => filesystem !== undefined && UNREADABLE_ROOTS.has(filesystem))
    ? { osFamily: "Linux", generalized: "unknown", certain: false }
    : undefined;
}

const severalSystems = (roots: readonly Found[]): DiskFinding => ({
  code: "SEVERAL_OPERATING_SYSTEMS",
  severity: "warning",
  message: `There are ${roots.length} operating systems on the disk (${roots
    .map(({ osFamily, distribution }) => distribution ?? osFamily)
    .join(", ")}); the first one is taken.`,
});

function unreadableRoot(volumes: readonly Volume[], { distribution }: OperatingSystem): DiskFinding {
  const root = volumes.findLast(
    ({ filesystem }) => filesystem !== undefined && UNREADABLE_ROOTS.has(filesystem),
  );
  const kind = root?.filesystem ?? "an unrecognized file system";
  const hint = distribution === undefined ? "" : ` The EFI system partition names ${distribution}.`;
  return {
    code: "ROOT_UNREADABLE",
    severity: "info",
    message: `The root of this Linux is on ${kind}, which is recognized but cannot be read: its version and whether it was generalized remain unknown.${hint}`,
    ...(root && { where: { offsetBytes: root.partition.offsetBytes, value: kind } }),
  };
}
