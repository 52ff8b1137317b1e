/** Exit codes. Those from 64 on are from sysexits.h, distinct from those of runs and verdicts. */
import type { RunStatus } from "../domain/stages.js";
import type { Verdict } from "../domain/vhd/diagnosis.js";

export const EXIT = {
  ok: 0,
  /** A local disk could not be read. */
  unreadable: 3,
  usage: 64,
  noSuchRun: 66,
  unavailable: 69,
  broken: 70,
  exists: 73,
  noPermission: 77,
} as const;

export const EXIT_OF_RUN: Record<Exclude<RunStatus, "pending" | "running">, number> = {
  succeeded: 0,
  failed: 1,
  refused: 2,
  cancelled: 4,
};

export const EXIT_OF_VERDICT: Record<Verdict, number> = { ready: 0, mendable: 1, refused: 2 };
