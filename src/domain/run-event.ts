/** What is told to whoever listens when a run has ended; docs/import.md shows one. */
import type { Board, RunError, RunStatus } from "./stages.js";

export interface RunEvent {
  readonly kind: "capture" | "import" | "restore";
  readonly runId: string;
  /** What the run was about: a dropped file, a VM. */
  readonly subject: string;
  readonly status: RunStatus;
  /** ISO 8601, UTC. */
  readonly endedAt: string;
  /** Only where the run succeeded. */
  readonly result?: unknown;
  readonly error?: RunError;
  /** Resources that the run made and could not remove. */
  readonly leftovers: readonly string[];
}

export const runEvent = (
  about: Pick<RunEvent, "kind" | "runId" | "subject" | "endedAt">,
  { status, result, error, leftovers }: Board,
): RunEvent => ({
  ...about,
  status,
  ...(result === undefined ? {} : { result }),
  ...(error === undefined ? {} : { error }),
  leftovers: leftovers.map(({ resource }) => resource),
});
