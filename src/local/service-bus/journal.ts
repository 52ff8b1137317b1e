/**
 * An append-only log of store changes. What one turn of the event loop appends is one write; accepts, outcomes and
 * replies wait for it, so nothing the broker has acknowledged is lost to kill -9. `fsync` adds safety from power loss.
 *
 *   the payload of a frame = u32 length of JSON, JSON { path, op, … }, raw bytes
 *
 * A torn tail is cut off.
 */
import {
  appendFileSync,
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { frame, soundFrames } from "../frames.js";
import { readIfPresent } from "../state-file.js";
import type { Entry } from "./entry.js";
import { EntityStore, type Change } from "./store.js";

export interface Journal {
  /** The store of an entity, with everything the journal knows of it. */
  store(path: string): EntityStore;
  paths(): string[];
  /** Runs `act` once everything committed so far is durable, never in the same tick; `otherwise` if it cannot be. */
  onDurable(act: () => void, otherwise?: () => void): void;
  close(): void;
}

export function memoryJournal(): Journal {
  const stores = new Map<string, EntityStore>();
  let waiting: (() => void)[] = [];
  const run = () => {
    const acts = waiting;
    waiting = [];
    for (const act of acts) act();
  };
  return {
    store: (path) => getOrAdd(stores, path, () => new EntityStore(() => undefined)),
    paths: () => [...stores.keys()],
    // All of a turn at once, as the file does it: what they send leaves in one write.
    onDurable(act) {
      if (waiting.push(act) === 1) setImmediate(run);
    },
    close: () => undefined,
  };
}

export interface FileJournalOptions {
  readonly directory: string;
  readonly fsync: boolean;
  /** The file could not be written: nothing may be acknowledged any more. */
  readonly onFailure: (error: unknown) => void;
  /** The log is rewritten without dead records above this size, or three times what lives, if that is more. */
  readonly compactAboveBytes?: number;
}

export function openJournal(options: FileJournalOptions): Journal {
  mkdirSync(options.directory, { recursive: true });
  const file = join(options.directory, "service-bus.journal");
  const stores = new Map<string, EntityStore>();
  const compactAboveBytes = options.compactAboveBytes ?? 64 * 2 ** 20;
  let pending: Buffer[] = [];
  let waiting: { act: () => void; otherwise: (() => void) | undefined }[] = [];
  let flushScheduled = false;
  let sizeBytes = 0;
  let compactAtBytes = 0;
  let failed = false;

  const storeOf = (path: string) =>
    getOrAdd(
      stores,
      path,
      () =>
        new EntityStore((change) => {
          pending.push(encodeRecord(path, change));
          scheduleFlush();
        }),
    );

  for (const { path, change } of loadRecords(file)) storeOf(path).apply(change);
  let descriptor = openSync(file, "a");
  compact();

  function scheduleFlush(): void {
    if (flushScheduled) return;
    flushScheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    flushScheduled = false;
    const acts = waiting;
    waiting = [];
    if (failed) return;
    try {
      write(pending);
      pending = [];
      if (sizeBytes > compactAtBytes) compact();
    } catch (error) {
      failed = true;
      for (const { otherwise } of acts) otherwise?.();
      options.onFailure(error);
      return;
    }
    for (const { act } of acts) act();
  }

  function write(records: readonly Buffer[]): void {
    if (records.length === 0) return;
    const bytes = Buffer.concat(records);
    appendFileSync(descriptor, bytes);
    if (options.fsync) fdatasyncSync(descriptor);
    sizeBytes += bytes.length;
  }

  function compact(): void {
    const fresh = `${file}.new`;
    const target = openSync(fresh, "w");
    sizeBytes = 0;
    for (const [path, store] of stores) {
      for (const change of store.snapshot()) {
        const record = encodeRecord(path, change);
        sizeBytes += record.length;
        appendFileSync(target, record);
      }
    }
    fsyncSync(target);
    renameSync(fresh, file);
    closeSync(descriptor);
    descriptor = target;
    pending = [];
    compactAtBytes = Math.max(compactAboveBytes, 3 * sizeBytes);
  }

  return {
    store: storeOf,
    paths: () => [...stores.keys()],
    onDurable(act, otherwise) {
      waiting.push({ act, otherwise });
      scheduleFlush();
    },
    close() {
      if (!failed) write(pending);
      pending = [];
      waiting = [];
      failed = true;
      closeSync(descriptor);
    },
  };
}

function encodeRecord(path: string, change: Change): Buffer {
  const [plain, raw] = split(change);
  const json = Buffer.from(JSON.stringify({ path, ...plain }));
  const jsonLength = Buffer.alloc(JSON_LENGTH_BYTES);
  jsonLength.writeUInt32BE(json.length);
  return frame(jsonLength, json, raw);
}

const JSON_LENGTH_BYTES = 4;
const NO_BYTES = Buffer.alloc(0);

/** Bytes stay out of the JSON. A session without a state is one whose state was cleared. */
function split(change: Change): [object, Buffer] {
  if (change.op === "put")
    return [{ op: "put", entry: { ...change.entry, bare: undefined } }, change.entry.bare];
  if (change.op === "session") {
    return [{ op: "session", id: change.id, cleared: change.state === undefined }, change.state ?? NO_BYTES];
  }
  return [change, NO_BYTES];
}

function decodeRecord(payload: Buffer): { path: string; change: Change } {
  const jsonEnd = JSON_LENGTH_BYTES + payload.readUInt32BE(0);
  const raw = Buffer.from(payload.subarray(jsonEnd));
  const { path, ...plain } = JSON.parse(payload.toString("utf8", JSON_LENGTH_BYTES, jsonEnd)) as StoredChange;
  if (plain.op === "put") return { path, change: { op: "put", entry: { ...plain.entry, bare: raw } } };
  if (plain.op === "session") {
    return { path, change: { op: "session", id: plain.id, state: plain.cleared ? undefined : raw } };
  }
  return { path, change: plain };
}

type StoredChange = { path: string } & (
  | Exclude<Change, { op: "put" | "session" }>
  | { op: "put"; entry: Omit<Entry, "bare"> }
  | { op: "session"; id: string; cleared: boolean }
);

function loadRecords(file: string): { path: string; change: Change }[] {
  const bytes = readIfPresent(file);
  const frames = [...soundFrames(bytes)];
  const end = frames.at(-1)?.end ?? 0;
  if (end < bytes.length) truncateSync(file, end);
  return frames.map(({ payload }) => decodeRecord(payload));
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
