/** Which resources with our tags can be removed. In doubt they are kept: another deployment may use the same tags. */
import { EXPIRES_TAG, KIND_TAG, RESUME_TAG, RUN_TAG } from "./names.js";

export interface TaggedResource {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Something uses it: a disk that is attached. */
  readonly inUse: boolean;
  /** Azure could not make it. */
  readonly failed: boolean;
}

/** The state of a tag's runs, including those that resume it; undefined: none is known here. */
export type RunsState = "open" | "ended" | undefined;

export interface JanitorVerdict {
  readonly id: string;
  readonly run: string;
  readonly kind: string;
  readonly remove: boolean;
  readonly why: string;
}

export function judgeLeftover(
  { id, tags, inUse, failed }: TaggedResource,
  runs: RunsState,
  nowMs: number,
): JanitorVerdict {
  const run = tags[RUN_TAG] ?? "";
  const kind = tags[KIND_TAG] ?? "";
  const [expiry, expires] =
    kind === "image" ? [RESUME_TAG, tags[RESUME_TAG]] : [EXPIRES_TAG, tags[EXPIRES_TAG]];
  const expiresMs = expires === undefined ? undefined : Date.parse(expires);
  const says = (remove: boolean, why: string): JanitorVerdict => ({ id, run, kind, remove, why });
  if (kind === "image" && !failed) return says(false, "an image that did not fail");
  if (kind === "image" && expires === undefined)
    return says(false, "a failed image without an expiry date is kept");
  if (kind !== "work" && kind !== "backup" && kind !== "image")
    return says(false, "neither scaffolding nor a backup");
  if (runs === "open") return says(false, "its run is in progress");
  if (inUse) return says(false, "it is in use");
  if (expiresMs !== undefined) {
    if (Number.isNaN(expiresMs)) return says(false, `its tag ${expiry} is not a time: ${expires ?? ""}`);
    return expiresMs <= nowMs
      ? says(true, `was to be kept until ${expires ?? ""}`)
      : says(false, `is kept until ${expires ?? ""}`);
  }
  if (kind === "backup") return says(false, "a backup without an expiry date is kept");
  return runs === "ended"
    ? says(true, "scaffolding of a run that has ended")
    : says(false, "no run with that id is known here");
}
