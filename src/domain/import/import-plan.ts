/** What an import run knows and passes on: plain data of the runbook, its activities and the ports. */
import type { Generation, OsType, Caching } from "../vm.js";
import type { MendingPath, Verdict } from "../vhd/diagnosis.js";
import type { Target } from "../target.js";
import type { DropRef } from "./drop.js";

/** What a manifest may say about an image, decoded. */
export interface ImageDescription {
  readonly target?: Target | undefined;
  readonly location?: string | undefined;
  readonly state?: "generalized" | "specialized" | undefined;
  readonly os: {
    readonly type?: OsType | undefined;
    readonly generation?: Generation | undefined;
    readonly architecture?: "x64" | "Arm64" | undefined;
    readonly trustedLaunch?: boolean | undefined;
    readonly diskController: "SCSI" | "NVMe";
    readonly acceleratedNetworking: boolean;
  };
  readonly testBoot?: boolean | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** One disk of the image to be, as it was dropped. */
export interface LandedDisk {
  /** -1 is the OS disk. */
  readonly lun: number;
  readonly caching: Caching;
  readonly drop: DropRef;
}

/** What the doctor's verdict leaves in the run; the whole of it lies in the run's store. */
export interface DiskReport {
  readonly verdict: Verdict;
  readonly codes: readonly string[];
  readonly kind: string;
  readonly virtualSizeBytes: number;
  readonly newSizeBytes: number;
  readonly path: MendingPath;
  readonly why: string;
  readonly osFamily: OsType | "unknown";
  readonly generation: Generation | "both" | "unknown";
  readonly architecture: "x64" | "Arm64" | "unknown";
  readonly generalized: "yes" | "no" | "unknown";
  readonly secureBootSigned: boolean;
  readonly bytesRead: number;
}

/** What a history needs to know of a plan; the plan itself lies in the run's store. */
export interface PlannedMending {
  readonly planHash: string;
  readonly slices: number;
  /** What will be read of the source. */
  readonly sourceBytes: number;
}

export type Way = "as-it-lies" | "server-copy" | "server-copy-new-footer" | "ranges" | "blocks" | "linear";

/** A fixed VHD in a page blob from which Azure can make a disk, and how it came to be. */
export interface PreparedDisk {
  readonly lun: number;
  readonly caching: Caching;
  readonly file: string;
  readonly uri: string;
  readonly sizeBytes: number;
  readonly way: Way;
  readonly why: string;
  readonly bytesMoved: number;
  /** SHA-256 over the SHA-256 of every 2 MiB of the disk; absent when no byte passed through the pipeline. */
  readonly treeHash?: string;
  /** The hash is that of a disk that was read back. */
  readonly readBack?: true;
}
