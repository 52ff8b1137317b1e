/**
 * Our page blobs at the root of the work container: fixed VHDs from which Azure can make an image. Until its
 * footer is written, last, Azure does not accept such a blob as a disk: the footer commits it. A write after the
 * commit, from an abandoned activity that is still running, throws.
 */
import type { DropRef } from "../domain/import/drop.js";
import type { Progress } from "../domain/outcome.js";
import type { DropReader } from "./drops.js";

export interface PreparedOrder {
  readonly name: string;
  /** The disk without its footer. */
  readonly sizeBytes: number;
  /** What the blob is made of; a blob of the same name made of anything else is refused. */
  readonly sourceEtag: string;
  readonly planHash: string;
}

export interface Commit {
  readonly name: string;
  readonly sizeBytes: number;
  readonly footer: Uint8Array;
  /** Kept with the blob for whoever finds it. */
  readonly treeHash?: string;
  /** What a copy has there is footer or padding, and now inside the disk. */
  readonly clear?: { readonly offset: number; readonly length: number };
}

export interface PageWriter {
  /** Whole sectors, at most 4 MiB, with their checksum. The bytes may be reused once this has resolved. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** The same, moved by the storage account from the source: no byte passes through here. Throws Unsupported. */
  writeFrom(source: DropRef, sourceOffset: number, offset: number, length: number): Promise<void>;
}

export interface PreparedDisks {
  /** Makes the blob, or finds the one that was made by the same order. */
  create(order: PreparedOrder): Promise<void>;
  pages(name: string): PageWriter;
  /** Resizes the blob to its final size, locks out every writer, and writes the footer. */
  commit(commit: Commit): Promise<{ readonly uri: string }>;
  /** Reads what was written, footer and all. */
  open(name: string): Promise<DropReader>;
  /** A blob that does not exist counts as removed. */
  remove(name: string): Promise<void>;
}

/** Server-side copies, made by the storage account itself. */
export interface DropCopies {
  /** Starts a copy of this content to `name`; one that exists or is in progress is reused. */
  start(drop: DropRef, name: string): Promise<void>;
  ask(name: string): Promise<Progress<{ readonly uri: string }>>;
}
