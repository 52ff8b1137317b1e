/**
 * An append-only file of framed records. Appends of one moment share one write (and one fdatasync); whoever needs a
 * record to be safe awaits `flushed()`. A torn tail, as a kill leaves it, is cut off. After a write that failed nothing
 * is written any more: what followed would lie at the wrong place, or be a past with a gap.
 *
 * A record is a JSON header, optionally with a line feed and a body behind it that loading does not parse.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { frame, FRAME_BYTES, soundFrames } from "../../frames.js";
import { readIfPresent } from "../../state-file.js";

const LINE_FEED = 0x0a;
/** A rewrite holds no more than about this in memory. */
const SPILL_BYTES = 8 << 20;

/** Where a payload lies in the file. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

export interface JournalRecord {
  readonly header: unknown;
  readonly place: Place;
  body(): string;
}

export interface JournalOptions {
  /** Off, a power failure may lose the last records; a killed process never does. */
  readonly fsync: boolean;
  /** Told once when the file cannot be written any more. */
  readonly onBroken?: (reason: Error) => void;
}

export interface Journal {
  append(header: object, body?: string): Place;
  /** Resolves when everything appended so far is safe; rejects, from then on always, when the file cannot be written. */
  flushed(): Promise<void>;
  readBody(place: Place): Promise<string>;
  sizeBytes(): number;
  /** Copies what `write` appends into a new file that takes this one's place. */
  rewrite(
    write: (copy: { append: Journal["append"]; copy(place: Place): Promise<Place> }) => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}

function payloadOf(header: object, body: string | undefined): Buffer {
  const line = JSON.stringify(header);
  return Buffer.from(body === undefined ? line : `${line}\n${body}`);
}

function splitPayload(payload: Buffer): { header: unknown; body: () => string } {
  const end = payload.indexOf(LINE_FEED);
  const header = JSON.parse(payload.toString("utf8", 0, end === -1 ? payload.length : end)) as unknown;
  return { header, body: () => (end === -1 ? "" : payload.toString("utf8", end + 1)) };
}

/** Opens or creates a journal and hands every sound record to `load`, oldest first. */
export async function openJournal(
  path: string,
  { fsync, onBroken }: JournalOptions,
  load: (record: JournalRecord) => void,
): Promise<Journal> {
  const existing = readIfPresent(path);
  let end = 0;
  for (const sound of soundFrames(existing)) {
    const { length } = sound.payload;
    end = sound.end;
    load({ place: { at: end - length, length }, ...splitPayload(sound.payload) });
  }
  let handle = await open(path, existing.length === 0 ? "w+" : "r+");
  await handle.truncate(end);

  let writtenTo = end;
  let pending: Buffer[] = [];
  let writing: Promise<void> | undefined;
  let broken: Error | undefined;

  const write = async () => {
    // Let everything that is decided in this turn of the event loop share the write.
    await new Promise((resolve) => setImmediate(resolve));
    const chunk = Buffer.concat(pending);
    pending = [];
    try {
      await writeFully(handle, chunk, writtenTo);
      if (fsync) await handle.datasync();
    } catch (cause) {
      broken = new Error(
        `${path} cannot be written: ${(cause as Error).message}. Make room or mend the folder, then start again: ` +
          "everything that was acknowledged is kept.",
        { cause },
      );
      onBroken?.(broken);
      throw broken;
    }
    writtenTo += chunk.length;
  };
  const flushed = async (): Promise<void> => {
    const target = end;
    while (writtenTo < target) {
      if (broken !== undefined) throw broken;
      writing ??= write().finally(() => (writing = undefined));
      await writing;
    }
  };

  const journal: Journal = {
    append(header, body) {
      const payload = payloadOf(header, body);
      pending.push(frame(payload));
      const place = { at: end + FRAME_BYTES, length: payload.length };
      end = place.at + place.length;
      return place;
    },
    flushed,
    async readBody(place) {
      await flushed();
      return splitPayload(await readPayload(handle, place)).body();
    },
    sizeBytes: () => end,
    async rewrite(fill) {
      await flushed();
      const temporary = `${path}.new`;
      const next = await open(temporary, "w+");
      let nextEnd = 0;
      let nextWritten = 0;
      let chunks: Buffer[] = [];
      const add = (payload: Buffer): Place => {
        chunks.push(frame(payload));
        const place = { at: nextEnd + FRAME_BYTES, length: payload.length };
        nextEnd = place.at + place.length;
        return place;
      };
      const spill = async () => {
        await writeFully(next, Buffer.concat(chunks), nextWritten);
        chunks = [];
        nextWritten = nextEnd;
      };
      await fill({
        append: (header, body) => add(payloadOf(header, body)),
        async copy(place) {
          if (nextEnd - nextWritten > SPILL_BYTES) await spill();
          return add(await readPayload(handle, place));
        },
      });
      await spill();
      await next.sync();
      await rename(temporary, path);
      await syncDirectory(dirname(path));
      await handle.close();
      handle = next;
      end = writtenTo = nextEnd;
    },
    async close() {
      await flushed().finally(() => handle.close());
    },
  };
  return journal;
}

async function readPayload(handle: FileHandle, { at, length }: Place): Promise<Buffer> {
  const payload = Buffer.alloc(length);
  await handle.read(payload, 0, length, at);
  return payload;
}

async function writeFully(handle: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}

/** A rename is only safe once its directory is; Windows cannot open directories and needs no such thing. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  await directory.sync();
  await directory.close();
}
