/** What the import runbook can do, by name. Each takes and returns plain data that may be stored in clear. */
import type { DropPlace, DropRef } from "../domain/import/drop.js";
import type {
  DiskReport,
  ImageDescription,
  LandedDisk,
  PlannedMending,
} from "../domain/import/import-plan.js";
import type { Outcome } from "../domain/outcome.js";
import type { Purpose } from "../domain/vhd/diagnosis.js";
import { activity, operation } from "./activity.js";
import type { HandedOver, MendingSettings } from "./import-run.js";
import { STUBBORN } from "./retry.js";

export interface LookQuestion {
  readonly runId: string;
  readonly source: DropPlace;
  /** ETags of the last look, by blob name. */
  readonly before: Readonly<Record<string, string>>;
  /** For how long the run has been waiting. */
  readonly waitedSeconds: number;
}

export type Look =
  | {
      readonly state: "arriving";
      readonly because: string;
      readonly seen: Readonly<Record<string, string>>;
    }
  | {
      readonly state: "landed";
      /** The OS disk first. */
      readonly disks: readonly LandedDisk[];
      readonly description: ImageDescription;
    }
  | ({ readonly state: "handed-over" } & HandedOver);

export interface DiskOrder {
  readonly runId: string;
  readonly lun: number;
  readonly drop: DropRef;
  readonly report: DiskReport;
  /** The prepared disk's name in the work container. */
  readonly name: string;
  /** Goes into the footer, so that writing it twice writes the same. */
  readonly atMs: number;
}

/** Which part of which plan. */
export interface SlicePart {
  readonly plan: PlannedMending;
  readonly slice: number;
  /** Where a slice that stopped goes on. */
  readonly fromUnit?: number;
  readonly settings: MendingSettings;
}

export type SliceOrder = DiskOrder & SlicePart;

export interface ReadBackOrder {
  readonly runId: string;
  readonly name: string;
  /** The disk without its footer. */
  readonly sizeBytes: number;
  /** The dropped file, where it is used as it lies and there is no prepared disk. */
  readonly lying?: DropRef;
}

export type ReadBackSlice = ReadBackOrder & SlicePart;

export interface SliceDone {
  /** Where to go on; absent when the slice is done. */
  readonly nextUnit?: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Whether the bytes passed through the app, and left their hashes in the run store. */
  readonly hashed: boolean;
  /** Why the bytes took another way than was planned, for the status. */
  readonly remark?: string;
}

export interface FinishOrder extends DiskOrder {
  readonly plan?: PlannedMending;
  /** Whether every slice left its hashes, so that there is a tree hash. */
  readonly hashed: boolean;
}

export interface Finished {
  readonly uri: string;
  readonly treeHash?: string;
}

export const lookAtDrop = activity<LookQuestion, Outcome<Look>>("lookAtDrop");
export const examineDrop = activity<
  { runId: string; lun: number; drop: DropRef; purpose: Purpose },
  Outcome<DiskReport>
>("examineDrop");
/** Answers where the file itself lies, for a disk that is used as it is. */
export const locateDrop = activity<{ drop: DropRef }, Outcome<{ uri: string }>>("locateDrop");
export const copyDrop = operation<DiskOrder, { uri: string }>("copyDrop");
export const planMending = activity<DiskOrder & { settings: MendingSettings }, Outcome<PlannedMending>>(
  "planMending",
);
export const moveSlice = activity<SliceOrder, Outcome<SliceDone>>("moveSlice");
export const finishDisk = activity<FinishOrder, Outcome<Finished>>("finishDisk");
export const planReadBack = activity<ReadBackOrder & { settings: MendingSettings }, Outcome<PlannedMending>>(
  "planReadBack",
);
export const readSlice = activity<ReadBackSlice, Outcome<SliceDone>>("readSlice");
export const sumReadBack = activity<ReadBackOrder & { plan: PlannedMending }, Outcome<{ treeHash: string }>>(
  "sumReadBack",
);
/** The prepared disk and the documents about it. */
export const removePrepared = activity<{ runId: string; name: string }, null>("removePrepared", STUBBORN);
