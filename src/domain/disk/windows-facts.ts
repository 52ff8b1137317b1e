/** What an NTFS volume says about Windows: whether it is the system's, or only boots it, and whether Sysprep ran. */
import type { DiskFinding } from "./facts.js";
import { exists, type FileTree, find, readHead } from "./file-tree.js";
import { hasMagic } from "./fields.js";
import { readPe } from "./pe.js";
import { readFileVersion } from "./pe-version.js";

const SYSTEM = "Windows/System32";
const KERNEL = `${SYSTEM}/ntoskrnl.exe`;
/** Sysprep writes it as its last act of generalizing. */
const SYSPREP_TAG = `${SYSTEM}/Sysprep/Sysprep_succeeded.tag`;
const HIBERNATION_FILE = "hiberfil.sys";
/** What a hibernated system leaves in the file's head; a resumed or a cleanly stopped one does not. */
const HIBERNATED = ["HIBR", "hibr", "wake", "WAKE"] as const;

export interface WindowsFacts {
  /** `system`: holds Windows itself. `boot`: only its boot manager. */
  readonly role: "system" | "boot";
  readonly generalized: "yes" | "no" | "unknown";
  /** Of the kernel's file, as `10.0.20348.2340`. */
  readonly version?: string;
  readonly findings: readonly DiskFinding[];
}

/** Undefined where the volume has nothing of Windows. */
export async function readWindows(tree: FileTree, offsetBytes: number): Promise<WindowsFacts | undefined> {
  if (!(await exists(tree, SYSTEM))) {
    const boots = (await exists(tree, "bootmgr")) && (await exists(tree, "Boot/BCD"));
    return boots ? { role: "boot", generalized: "unknown", findings: [] } : undefined;
  }
  const findings: DiskFinding[] = [];
  const kernel = await find(tree, KERNEL);
  const machine = kernel && (await readPe(kernel))?.machine;
  const version = kernel && (await readFileVersion(kernel));
  if (machine === "x86" || machine === "Arm") {
    findings.push({
      code: "ARCHITECTURE_UNSUPPORTED",
      severity: "blocking",
      message: `This Windows is for ${machine}, a 32-bit processor; Azure supports 64-bit Windows only.`,
      where: { offsetBytes, value: machine },
    });
  }
  const hibernation = await readHead(tree, HIBERNATION_FILE, 4);
  if (hibernation && HIBERNATED.some((magic) => hasMagic(hibernation, 0, magic))) {
    findings.push({
      code: "NTFS_HIBERNATED",
      severity: "warning",
      message:
        "Windows is hibernated, or was shut down with fast startup: shut it down fully (shutdown /s /t 0) before making the image.",
      where: { offsetBytes, value: HIBERNATION_FILE },
    });
  }
  const generalized = await exists(tree, SYSPREP_TAG);
  if (!generalized) {
    findings.push({
      code: "SYSPREP_TAG_MISSING",
      severity: "warning",
      message:
        "Sysprep has not succeeded on this Windows (its tag file is missing): run sysprep /generalize /oobe, or make a specialized image.",
      where: { offsetBytes, value: "\\Windows\\System32\\Sysprep\\Sysprep_succeeded.tag" },
    });
  }
  return {
    role: "system",
    generalized: generalized ? "yes" : "no",
    ...(version !== undefined && { version }),
    findings,
  };
}
