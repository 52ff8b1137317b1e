/**
 * When a dropped file is all there. A page blob exists at its full length before its bytes do, an event may come when
 * a copy begins, and every upload tool behaves in its own way: so two looks, some time apart, must find the same.
 */
import type { DropState } from "./drop.js";
import { sameEtag } from "./run-id.js";

/** What a manifest says of a file, so that one look is enough. */
export interface Expected {
  readonly sizeBytes: number;
  /** Base64 MD5 of the file, compared with what the uploader left in the blob's properties. */
  readonly md5: string;
}

export type Landing =
  | { readonly state: "landed"; readonly because: string }
  | { readonly state: "arriving"; readonly because: string }
  | { readonly state: "broken"; readonly because: string };

export function judgeLanding(
  now: DropState,
  before: { readonly etag: string } | undefined,
  expected?: Expected,
): Landing {
  if (now.copy === "pending") return arriving("it is being copied here");
  if (now.copy === "failed" || now.copy === "aborted")
    return {
      state: "broken",
      because: `copying it here ${now.copy === "failed" ? "failed" : "was aborted"}`,
    };
  if (now.leased) return arriving("it is leased");
  if (expected) {
    if (now.drop.sizeBytes !== expected.sizeBytes)
      return arriving(`${now.drop.sizeBytes} of ${expected.sizeBytes} bytes have arrived`);
    if (now.contentMd5 === expected.md5)
      return { state: "landed", because: "its size and MD5 match its description" };
  }
  if (before === undefined) return arriving("it was seen once; a second look must find it unchanged");
  if (!sameEtag(before.etag, now.drop.etag)) return arriving("it is still being written");
  return { state: "landed", because: "two looks found the same content, no lease and no copy in progress" };
}

const arriving = (because: string): Landing => ({ state: "arriving", because });
