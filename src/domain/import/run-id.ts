/**
 * The id of the run that makes an image of one content: the same however often, and by whomever, its arrival is
 * announced. Readable at its start, unique by its end.
 */
import { nameFrom } from "../names.js";
import type { DropRef } from "./drop.js";
import { stemOf } from "./drop.js";

const READABLE_LIMIT = 30;

/** FNV-1a over UTF-16 units, twice with different seeds: 64 bits tell contents apart, nothing secret hangs on it. */
function fingerprint(text: string): string {
  return [0x811c9dc5, 0x01234567]
    .map((seed) => {
      let hash = seed;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
      return hash.toString(16).padStart(8, "0");
    })
    .join("");
}

/** The same for every content of one file: under it a run notes that it waits for the file. */
export const placeKey = ({ container, blob }: Pick<DropRef, "container" | "blob">): string =>
  fingerprint(`${container}/${blob}`);

/** ETags come with quotes from some calls and without from others. */
export const sameEtag = (one: string, other: string): boolean => bare(one) === bare(other);
const bare = (etag: string): string => etag.replace(/^W\//, "").replaceAll('"', "");

export function importRunId(drop: Pick<DropRef, "container" | "blob" | "etag">): string {
  const readable = nameFrom(stemOf(drop.blob), READABLE_LIMIT) || "disk";
  return `${readable}-${fingerprint(`${drop.container}/${drop.blob}#${bare(drop.etag)}`)}`;
}
