/** What starts an import run, what its stages are called, and what it ends with. */
import type { DropPlace } from "../domain/import/drop.js";
import type { DefaultTarget } from "../domain/import/image-from.js";
import type { PreparedDisk } from "../domain/import/import-plan.js";
import type { Check } from "../domain/preflight.js";
import type { MadeImage } from "../domain/image-order.js";

export const IMPORT_ORCHESTRATOR = "importImage";

export const IMPORT_STAGES = [
  "landing",
  "doctor",
  "mend",
  "register",
  "test-boot",
  "promote",
  "clean-up",
] as const;

/** Settings that the runbook needs; they travel in the input so that a run does not change under its feet. */
export interface ImportSettings {
  readonly location: string;
  /** The account of the drop container and of the work container. */
  readonly storageAccountId: string;
  readonly defaultTarget: DefaultTarget;
  /** Between the two looks that must find a file the same. */
  readonly settleSeconds: number;
  /** How long a file may take to arrive. */
  readonly arrivalMinutes: number;
  readonly registerMinutes: number;
  /** Copy even what could be used as it lies, so that nobody can change it under Azure's hands. */
  readonly freeze: "when-needed" | "always";
  /** `read-back`: the image is made of disks that were read once more and have the hash that was written. */
  readonly verify: "none" | "read-back";
  /** Where a file's description does not say whether the image is booted before it can be the latest. */
  readonly testBoot: boolean;
  /** Without inbound access, one in a region; a test boot needs that of the image's region. */
  readonly workSubnetIds: readonly string[];
  /** Somebody listens to how runs end. */
  readonly announce: boolean;
  readonly mending: MendingSettings;
}

export interface MendingSettings {
  /** `account`: Copy Blob, where a whole page blob has to be copied; `stream`: its written ranges pass through the app. */
  readonly copyBy: "account" | "stream";
  /** `account`: Put Page From URL; the bytes stay inside the storage account, and no hash of ours is made. */
  readonly moveBy: "stream" | "account";
  /** Requests under way at once within a slice. */
  readonly concurrency: number;
  /** The most that one slice reads of its source. */
  readonly sliceBytes: number;
  /** A slice ends at a unit's end after so long, so that the next one starts with a fresh time limit. */
  readonly sliceSeconds: number;
  readonly slicesAtOnce: number;
}

/** 2 GiB take 35 s at a page blob's 60 MiB/s; three quarters of a minute is little to do again after a crash. */
export const MENDING_STANDARD: MendingSettings = {
  copyBy: "account",
  moveBy: "stream",
  concurrency: 8,
  sliceBytes: 2 * 1024 ** 3,
  sliceSeconds: 45,
  slicesAtOnce: 2,
};

export interface ImportInput {
  readonly runId: string;
  /** The file whose arrival started the run: a `.vhd`, or the `.image.json` that describes several. */
  readonly source: DropPlace & { readonly etag: string };
  readonly settings: ImportSettings;
}

export interface ImportResult {
  readonly image: MadeImage;
  readonly version?: string;
  /** What a test boot found, as far as it fits; nothing where there was none. */
  readonly checks?: readonly Check[];
  /** At most 16: the status has a limit of size. */
  readonly disks: readonly (Omit<PreparedDisk, "uri"> & { readonly uri?: undefined })[];
  readonly moreDisks?: number;
}

/** The run had nothing to do: another makes the image of this file. */
export interface HandedOver {
  readonly handedTo: string;
  readonly because: string;
}
