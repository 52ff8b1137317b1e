/** What the doctor answers: one JSON object, the same over HTTP, beside a refused file and on the command line. */
import type { DiskFacts, DiskFindingCode } from "../disk/facts.js";
import type { VhdCode } from "./codes.js";
import type { ContainerKind } from "./container.js";
import type { Finding } from "./findings.js";

export type Verdict = "ready" | "mendable" | "refused";
export type DoctorCode = VhdCode | DiskFindingCode;
export type DoctorFinding = Finding<DoctorCode>;

/** What the disk is to become. `any`: an OS image where there is an operating system, a data disk otherwise. */
export const PURPOSES = ["os", "data", "any"] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface ExamineOptions {
  readonly purpose: Purpose;
  /** Undefined for a local file: it is judged by its content alone. */
  readonly blobType?: "page" | "block";
  /** Replaces Azure's own limit for the use. */
  readonly maxVirtualBytes?: number;
}

/** Cheapest first. `none`: the file can be used as it lies. */
export type MendingPath = "none" | "copy-resize-footer" | "dynamic" | "linear";

/** The facts are `unknown` and empty where the file was refused before its inside was read. */
export interface Diagnosis extends Omit<DiskFacts, "findings"> {
  readonly verdict: Verdict;
  /** Every finding's code, the deciding one first. */
  readonly codes: readonly DoctorCode[];
  readonly kind: ContainerKind;
  readonly purpose: Purpose;
  readonly fileBytes: number;
  /** Null where no footer could be believed. */
  readonly virtualSizeBytes: number | null;
  /** The size of the disk that is made of it; null when refused. */
  readonly newSizeBytes: number | null;
  readonly mending: { readonly path: MendingPath; readonly why: string };
  readonly findings: readonly DoctorFinding[];
  /** What the verdict cost, outside the block table. */
  readonly bytesRead: number;
  readonly requests: number;
  /** What reading the block table of a dynamic disk cost. */
  readonly blockTable: { readonly bytesRead: number; readonly requests: number };
}
