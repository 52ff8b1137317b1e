/** What of everything that carries our tags may go. In doubt it stays: another deployment may use the same tags. */
import { EXPIRES_TAG, KIND_TAG, RUN_TAG } from "./names.js";

export interface TaggedResource {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Something uses it: a disk that is attached. */
  readonly inUse: boolean;
}

/** How the runs of a tag stand, a resumed one with those that it goes on with; undefined: none is known here. */
export type RunsState = "open" | "ended" | undefined;

export interface JanitorVerdict {
  readonly id: string;
  readonly run: string;
  readonly kind: string;
  readonly remove: boolean;
  readonly why: string;
}

export function judgeLeftover(
  { id, tags, inUse }: TaggedResource,
  runs: RunsState,
  nowMs: number,
): JanitorVerdict {
  const run = tags[RUN_TAG] ?? "";
  const kind = tags[KIND_TAG] ?? "";
  const expires = tags[EXPIRES_TAG];
  const expiresMs = expires === undefined ? undefined : Date.parse(expires);
  const says = (remove: boolean, why: string): JanitorVerdict => ({ id, run, kind, remove, why });
  if (kind !== "work" && kind !== "backup") return says(false, "neither scaffolding nor a backup");
  if (runs === "open") return says(false, "its run is under way");
  if (inUse) return says(false, "something uses it");
  if (expiresMs !== undefined) {
    if (Number.isNaN(expiresMs)) return says(false, `its ${EXPIRES_TAG} is no time: ${expires ?? ""}`);
    return expiresMs <= nowMs
      ? says(true, `kept until ${expires ?? ""}`)
      : says(false, `is kept until ${expires ?? ""}`);
  }
  if (kind === "backup") return says(false, "a backup without a day stays");
  return runs === "ended"
    ? says(true, "scaffolding of a run that has ended")
    : says(false, "no run of that id is known here");
}
