/**
 * The bytes of disks. A content never changes, so disks, snapshots and images share it by its id. Three kinds: all
 * zeros, a made-up one that is computed when it is read (seeded disks), and an imported VHD (sparse file).
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import type { Table } from "../model/store.js";

export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export type Content =
  | { readonly kind: "zeros"; readonly sizeBytes: number }
  | { readonly kind: "made-up"; readonly sizeBytes: number; readonly name: string }
  | { readonly kind: "imported"; readonly sizeBytes: number; readonly extents: readonly Extent[] };

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** How much of a made-up disk is not zero, and in what pieces. */
const PIECE_BYTES = 64 * 1024;
const PIECES = 8;

export class Contents {
  readonly #table: Table<Content>;
  readonly #directory: string | undefined;
  /** Imported bytes when there is no folder to keep them in, by content and extent. */
  readonly #memory = new Map<string, Map<number, Buffer>>();

  constructor(table: Table<Content>, stateDirectory: string | undefined) {
    this.#table = table;
    this.#directory = stateDirectory === undefined ? undefined : path.join(stateDirectory, "contents");
  }

  zeros(sizeBytes: number): string {
    return this.#keep(`zeros-${sizeBytes}`, { kind: "zeros", sizeBytes });
  }

  madeUp(name: string, sizeBytes: number): string {
    return this.#keep(`made-up-${name}-${sizeBytes}`, { kind: "made-up", sizeBytes, name });
  }

  /** The id that a blob in this state has here, whether or not it was imported already. */
  importedId(uri: string, etag: string): string {
    return `vhd-${createHash("sha256").update(`${uri}\n${etag}`).digest("hex").slice(0, 40)}`;
  }

  get(id: string): Content | undefined {
    return this.#table.get(id);
  }

  /** Keeps what `pieces` yields; nothing is known of the content before all of it is there. */
  async import(
    id: string,
    sizeBytes: number,
    pieces: AsyncIterable<{ readonly offset: number; readonly bytes: Buffer }>,
  ): Promise<void> {
    const extents: Extent[] = [];
    const file = this.#file(id);
    const memory = new Map<number, Buffer>();
    if (file !== undefined) mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = file === undefined ? undefined : openSync(file, "w", 0o600);
    try {
      if (handle !== undefined) ftruncateSync(handle, sizeBytes);
      for await (const { offset, bytes } of pieces) {
        if (handle === undefined) memory.set(offset, bytes);
        else writeSync(handle, bytes, 0, bytes.length, offset);
        extents.push({ offset, length: bytes.length });
      }
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
    if (handle === undefined) this.#memory.set(id, memory);
    this.#table.set(id, { kind: "imported", sizeBytes, extents });
  }

  /** Where a content may hold something else than zeros, in order. */
  extents(id: string): readonly Extent[] {
    const content = this.#table.get(id);
    if (content === undefined || content.kind === "zeros") return [];
    if (content.kind === "imported") return content.extents;
    return pieceOffsets(content.name, content.sizeBytes).map((offset) => ({ offset, length: PIECE_BYTES }));
  }

  /** Reads a range; what lies behind the content's end (a disk that was made larger) is zero. */
  read(id: string, offset: number, length: number): Buffer {
    const target = Buffer.alloc(length);
    const content = this.#table.get(id);
    const file = this.#file(id);
    if (content?.kind === "imported" && file !== undefined && existsSync(file)) {
      const handle = openSync(file, "r");
      try {
        readSync(handle, target, 0, length, offset);
      } finally {
        closeSync(handle);
      }
      return target;
    }
    for (const extent of this.extents(id)) {
      if (extent.offset >= offset + length || extent.offset + extent.length <= offset) continue;
      const piece =
        content?.kind === "made-up"
          ? madeUpPiece(content.name, extent)
          : this.#memory.get(id)?.get(extent.offset);
      const from = Math.max(offset, extent.offset);
      const to = Math.min(offset + length, extent.offset + extent.length);
      piece?.copy(target, from - offset, from - extent.offset, to - extent.offset);
    }
    return target;
  }

  #keep(id: string, content: Content): string {
    if (this.#table.get(id) === undefined) this.#table.set(id, content);
    return id;
  }

  #file(id: string): string | undefined {
    return this.#directory === undefined ? undefined : path.join(this.#directory, `${id}.raw`);
  }
}

/** The first MiB (where a partition table would be) and pieces spread over the disk, always the same ones. */
function pieceOffsets(name: string, sizeBytes: number): number[] {
  const slots = Math.floor(sizeBytes / PIECE_BYTES);
  const digest = createHash("sha256").update(name).digest();
  const offsets = Array.from(
    { length: PIECES },
    (_, index) => (digest.readUInt32BE(index * 4) % slots) * PIECE_BYTES,
  );
  return [...new Set([0, ...offsets])].sort((a, b) => a - b);
}

function madeUpPiece(name: string, { offset, length }: Extent): Buffer {
  const pattern = createHash("sha256").update(`${name}@${offset}`).digest();
  return Buffer.alloc(length, pattern);
}
