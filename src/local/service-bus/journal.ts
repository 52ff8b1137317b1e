/**
 * An append-only log of store changes. What one turn of the event loop appends is one write; accepts, outcomes and
 * replies wait for it, so nothing the broker has acknowledged is lost to kill -9. `fsync` adds safety from power loss.
 *
 *   record = u32 length, u32 crc32, then `length` bytes: u32 length of JSON, JSON { path, op, … }, raw bytes
 *
 * Loading stops at the first record that does not add up (a torn tail) and cuts the file there.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
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
    writeFully(descriptor, bytes);
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
        writeFully(target, record);
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
  const payloadLength = 4 + json.length + raw.length;
  const record = Buffer.allocUnsafe(8 + payloadLength);
  record.writeUInt32BE(payloadLength, 0);
  record.writeUInt32BE(json.length, 8);
  record.set(json, 12);
  record.set(raw, 12 + json.length);
  record.writeUInt32BE(crc32(record.subarray(8)), 4);
  return record;
}

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
  const jsonEnd = 4 + payload.readUInt32BE(0);
  const raw = Buffer.from(payload.subarray(jsonEnd));
  const { path, ...plain } = JSON.parse(payload.toString("utf8", 4, jsonEnd)) as StoredChange;
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
  const records = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + 8, end);
    if (crc32(payload) !== bytes.readUInt32BE(at + 4)) break;
    records.push(decodeRecord(payload));
    at = end;
  }
  if (at < bytes.length) truncateSync(file, at);
  return records;
}

function readIfPresent(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return NO_BYTES;
    throw error;
  }
}

/** A single write may take fewer bytes than it was given. */
function writeFully(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
