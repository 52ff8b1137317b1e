/**
 * The bytes of disks. A content never changes, so disks, snapshots and images share it by its id. Three kinds: all
 * zeros, a made-up one that is computed when it is read (seeded disks), and an imported VHD (sparse file).
 */
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
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

const WHOLE = ".raw";
/** An import under way; nothing knows of it before it is whole. */
const PART = ".part";

/** How much of a made-up disk is not zero, and in what pieces. */
const PIECE_BYTES = 64 * 1024;
const PIECES = 8;

export class Contents {
  readonly #table: Table<Content>;
  readonly #directory: string | undefined;
  /** Imported bytes when there is no folder to keep them in, by content and extent. */
  readonly #memory = new Map<string, Map<number, Buffer>>();
  /** How many readers are in the middle of a content. */
  readonly #held = new Map<string, number>();

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
    if (file === undefined) {
      const memory = new Map<number, Buffer>();
      for await (const { offset, bytes } of pieces) {
        memory.set(offset, bytes);
        extents.push({ offset, length: bytes.length });
      }
      this.#memory.set(id, memory);
    } else {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      // Two imports of one blob at the same time must not write into what the other one has ended.
      const part = `${file}.${randomUUID()}${PART}`;
      const handle = openSync(part, "wx", 0o600);
      try {
        ftruncateSync(handle, sizeBytes);
        for await (const { offset, bytes } of pieces) {
          writeSync(handle, bytes, 0, bytes.length, offset);
          extents.push({ offset, length: bytes.length });
        }
      } catch (thrown) {
        rmSync(part);
        throw thrown;
      } finally {
        closeSync(handle);
      }
      renameSync(part, file);
    }
    this.#table.set(id, { kind: "imported", sizeBytes, extents });
  }

  /** Keeps a content for a reader, even when nothing refers to it any more. Returns the end of that. */
  hold(id: string): () => void {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#held.get(id) ?? 0) - 1;
      if (left > 0) this.#held.set(id, left);
      else this.#held.delete(id);
    };
  }

  /** Forgets imported contents that are not in use, and says whether there were any. Their files are there still. */
  forgetUnused(inUse: () => ReadonlySet<string>): boolean {
    const imported = [...this.#table.entries()].filter(([, { kind }]) => kind === "imported");
    if (imported.length === 0) return false;
    const used = inUse();
    const unused = imported.filter(([id]) => !used.has(id) && !this.#held.has(id));
    for (const [id] of unused) {
      this.#table.delete(id);
      this.#memory.delete(id);
    }
    return unused.length > 0;
  }

  /** Removes the files of what is not known (any more); before anything runs, also what a killed import left. */
  removeStrays({ andParts = false } = {}): void {
    if (this.#directory === undefined || !existsSync(this.#directory)) return;
    for (const name of readdirSync(this.#directory)) {
      const stray = name.endsWith(WHOLE) && this.#table.get(name.slice(0, -WHOLE.length)) === undefined;
      if (stray || (andParts && name.endsWith(PART))) rmSync(path.join(this.#directory, name));
    }
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
    if (content?.kind === "imported" && file !== undefined) {
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
    return this.#directory === undefined ? undefined : path.join(this.#directory, `${id}${WHOLE}`);
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
