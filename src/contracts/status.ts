/** The status document of a run: the same for captures and imports, by HTTP and on the dashboard. */
import type { Board } from "../domain/stages.js";

export const RUN_KINDS = ["capture", "import", "restore"] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** Where to look again, and what can be asked of the run as it stands: each is a POST. */
export interface RunLinks {
  readonly self: string;
  /** While it is under way, until it cleans up. */
  readonly cancel?: string;
  /** For a capture that ended without an image. */
  readonly resume?: string;
  /** For a capture that has ended, and whose backup was proved and kept. */
  readonly restore?: string;
}

export interface StatusDocument extends Board {
  readonly id: string;
  readonly kind: RunKind;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly links: RunLinks;
}

/** Instance ids carry the kind, so that a capture and an import may have the same id and each is found by prefix. */
export const instanceIdOf = (kind: RunKind, runId: string): string => `${kind}-${runId}`;

/** Undefined for an instance that is no run: a part of one, or another app's in the same hub. */
export function runOf(instanceId: string): { readonly kind: RunKind; readonly runId: string } | undefined {
  const kind = RUN_KINDS.find((one) => instanceId.startsWith(`${one}-`));
  return kind && { kind, runId: instanceId.slice(kind.length + 1) };
}
