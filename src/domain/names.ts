/**
 * Names of everything that a run creates, from its id alone: doing a thing twice creates it once (architecture.md, rule 6).
 * Azure compares names without case; run ids are lower case from the moment they are accepted.
 */
import { computeIds, parseResourceId } from "./resource-id.js";
import { placeName, type VmSummary } from "./vm.js";

/** The shortest limit is a VM's: 64 characters, and we add some of our own. */
const BASE_LIMIT = 40;

const FNV_OFFSET_BASIS = 0x811c9dc5;

/** FNV-1a, 32 bits: tells names apart; not for anything secret. */
export function fingerprint(text: string, seed = FNV_OFFSET_BASIS): string {
  let hash = seed;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

/** `text` as part of a resource name: shortened if it is too long, and unique even then. */
export function nameFrom(text: string, limit = BASE_LIMIT): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (plain === text && plain.length <= limit) return plain;
  return `${plain.slice(0, limit - 9).replace(/-+$/, "")}-${fingerprint(text)}`.replace(/^-/, "");
}

/** The id of a run, from whatever a request, a message or a URL calls it: the same text finds the same run. */
export const runIdFrom = (text: string): string => nameFrom(text, 64);

export const RUN_TAG = "vmimage-run";
export const EXPIRES_TAG = "vmimage-expires";
export const KIND_TAG = "vmimage-kind";
/** On an image: until when it is kept for a resume if it failed. A good image has no such date. */
export const RESUME_TAG = "vmimage-resume-until";

/** Disks that a restore made belong to their VM from then on: no janitor takes them for scaffolding. */
export const RESTORED_DISK_PREFIX = "vmi-restore-";

/** A Run Command resource of ours, beneath a VM. */
export const guestCommandId = (vmId: string, script: string, runId: string): string =>
  `${vmId}/runCommands/vmimage-${script}-${nameFrom(runId)}`;

export interface CaptureNames {
  readonly restorePointId: string;
  readonly workingVmId: string;
  readonly testVmId: string;
  /** By LUN; -1 is the OS disk. */
  readonly snapshotId: (lun: number) => string;
  readonly diskId: (lun: number) => string;
}

export function captureNames(runId: string, vm: VmSummary, workResourceGroup?: string): CaptureNames {
  const source = parseResourceId(vm.id);
  if (!source) throw new Error(`${vm.id} is not the id of a VM.`);
  const base = `vmi-${nameFrom(runId)}`;
  // A restore point collection must lie in the source VM's subscription and region, and may lie in any group.
  const ids = computeIds(source.subscriptionId, workResourceGroup ?? source.resourceGroup);
  return {
    restorePointId: ids.restorePoint(base, "backup"),
    workingVmId: ids.vm(`${base}-work`),
    testVmId: ids.vm(`${base}-test`),
    snapshotId: (lun) => ids.snapshot(`${base}-${placeName(lun)}`),
    diskId: (lun) => ids.disk(`${base}-${placeName(lun)}`),
  };
}
