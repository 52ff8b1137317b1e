/** A file that somebody dropped: which content of it is meant, and how it stands in its container. */
export type BlobKind = "page" | "block" | "append";

/** Where a file lies, whatever its content is at the moment. */
export interface DropPlace {
  readonly container: string;
  readonly blob: string;
}

/** One content of one file: the ETag changes with every write. */
export interface DropRef extends DropPlace {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly blobKind: BlobKind;
}

export interface DropState {
  readonly drop: DropRef;
  /** Without any signature. */
  readonly uri: string;
  /** Somebody holds a lease: an upload tool, or Azure itself. */
  readonly leased: boolean;
  readonly copy: "none" | "pending" | "success" | "aborted" | "failed";
  /** Base64, as the uploader left it in the blob's properties, or not. */
  readonly contentMd5?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export const baseName = (blob: string): string => blob.slice(blob.lastIndexOf("/") + 1);
/** With its slash; empty at the root. */
export const folderOf = (blob: string): string => blob.slice(0, blob.lastIndexOf("/") + 1);

const MANIFEST_SUFFIX = ".image.json";
const VERDICT_SUFFIX = ".verdict.json";

export const isDisk = (blob: string): boolean => /\.vhd$/i.test(blob);
export const isManifest = (blob: string): boolean => blob.toLowerCase().endsWith(MANIFEST_SUFFIX);
export const verdictName = (blob: string): string => `${blob}${VERDICT_SUFFIX}`;
/** `images/web.vhd` and `images/web.image.json` are both about `web`. */
export const stemOf = (blob: string): string => baseName(blob).replace(/(\.vhd|\.image\.json)$/i, "");
