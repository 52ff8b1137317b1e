/**
 * The id of the run that makes an image of one content: the same however often, and by whomever, its arrival is
 * announced. Readable at its start, unique by its end.
 */
import { fingerprint, nameFrom } from "../names.js";
import type { DropRef } from "./drop.js";
import { stemOf } from "./drop.js";

const READABLE_LIMIT = 30;

/** Two fingerprints by different seeds: 64 bits, so that of many contents no two are taken for one. */
const longFingerprint = (text: string): string => fingerprint(text) + fingerprint(text, 0x01234567);
const FINGERPRINT_LENGTH = 16;

/** The same for every content of one file: under it a run notes that it waits for the file. */
export const placeKey = ({ container, blob }: Pick<DropRef, "container" | "blob">): string =>
  longFingerprint(`${container}/${blob}`);

/** ETags come with quotes from some calls and without from others. */
export const sameEtag = (one: string, other: string): boolean => bare(one) === bare(other);
const bare = (etag: string): string => etag.replace(/^W\//, "").replaceAll('"', "");

export function importRunId(drop: Pick<DropRef, "container" | "blob" | "etag">): string {
  const readable = nameFrom(stemOf(drop.blob), READABLE_LIMIT) || "disk";
  return `${readable}-${longFingerprint(`${drop.container}/${drop.blob}#${bare(drop.etag)}`)}`;
}

/** What the ids of one file have in common, whatever its content. */
export const readablePart = (runId: string): string => runId.slice(0, -FINGERPRINT_LENGTH);
