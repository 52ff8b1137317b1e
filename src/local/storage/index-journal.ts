/**
 * Azurite's indexes on disk. Azurite itself rewrites an index whole, every few seconds, so that a `kill -9` takes back
 * what it had acknowledged since. Here every change is appended to a journal beside the index before its answer
 * leaves; the index is written whole when collections come or go, when the journal outgrows it, and on closing.
 *
 *   <index>          as Azurite writes it, so that a state folder stays one that Azurite can open
 *   <index>.journal  a line of JSON a change: { collection, maxId, put: [documents], gone: [their ids] }
 */
import { appendFileSync, closeSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { readIfPresent, replaceFile } from "../state-file.js";

interface Document {
  readonly $loki: number;
}

interface Collection {
  readonly name: string;
  readonly maxId: number;
  readonly data: readonly Document[];
  /** What changed since it was last emptied, in no order and with repetitions; loki fills it for incremental saving. */
  dirtyIds: number[];
  get(id: number): Document | null;
  ensureAllIndexes(force: boolean): void;
}

type Done = (error?: unknown) => void;

/** The part of a loki 1.5 database that Azurite's stores and this file use. */
export interface LokiDatabase {
  readonly filename: string;
  readonly collections: readonly Collection[];
  autosave: boolean;
  /** New collections keep their dirtyIds. */
  isIncremental: boolean;
  autosaveDisable(): void;
  serialize(): string;
  loadJSONObject(stored: Stored, options: object): void;
  loadDatabase: (options: object, done: Done) => void;
  saveDatabase: (done?: Done) => void;
  close: (done?: Done) => void;
}

interface Stored {
  readonly collections: { readonly name: string; maxId: number; data: Document[] }[];
}

interface Change {
  readonly collection: string;
  readonly maxId: number;
  readonly put: readonly Document[];
  readonly gone: readonly number[];
}

/** A journal below this is not worth rewriting an index for. */
const COMPACT_ABOVE_BYTES = 4 * 2 ** 20;

/** Takes over how `db` loads and saves. Returns what makes all changes so far outlive the process. */
export function keepJournal(db: LokiDatabase, compactAboveBytes = COMPACT_ABOVE_BYTES): () => void {
  const file = `${db.filename}.journal`;
  let saved = new Set<Collection>();
  let descriptor: number | undefined;
  let sizeBytes = 0;
  let compactAtBytes = 0;

  const load = (options: object): void => {
    const stored = JSON.parse(readFileSync(db.filename, "utf8")) as Stored;
    const changes = readJournal(file);
    applyChanges(stored, changes);
    db.loadJSONObject(stored, options);
    // The positions an index was stored with are those of the documents before the changes.
    if (changes.length > 0) for (const collection of db.collections) collection.ensureAllIndexes(true);
  };

  const writeWhole = (): void => {
    const text = db.serialize();
    replaceFile(db.filename, text);
    // Killed in between, the next load applies the journal to an index that has it all: to no effect.
    descriptor ??= openSync(file, "a");
    ftruncateSync(descriptor);
    sizeBytes = 0;
    compactAtBytes = Math.max(compactAboveBytes, text.length);
    saved = new Set(db.collections);
    for (const collection of db.collections) collection.dirtyIds = [];
  };

  const append = (descriptor: number, changed: readonly Collection[]): void => {
    const lines = changed.map((one) => `${JSON.stringify(changeOf(one))}\n`).join("");
    try {
      appendFileSync(descriptor, lines);
    } catch (error) {
      // Half a line would hide all that come after it.
      ftruncateSync(descriptor, sizeBytes);
      throw error;
    }
    sizeBytes += Buffer.byteLength(lines);
    for (const collection of changed) collection.dirtyIds = [];
  };

  const save = (): void => {
    const isSameSet = db.collections.length === saved.size && db.collections.every((one) => saved.has(one));
    if (descriptor === undefined || !isSameSet || sizeBytes > compactAtBytes) {
      writeWhole();
      return;
    }
    const changed = db.collections.filter(({ dirtyIds }) => dirtyIds.length > 0);
    if (changed.length > 0) append(descriptor, changed);
  };

  db.autosaveDisable();
  db.autosave = false;
  db.isIncremental = true;
  db.loadDatabase = (options, done) => tell(done, () => load(options));
  db.saveDatabase = (done) => tell(done, save);
  db.close = (done) =>
    tell(done, () => {
      writeWhole();
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    });
  return save;
}

function tell(done: Done | undefined, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (done === undefined) throw error;
    done(error);
    return;
  }
  done?.();
}

function changeOf(collection: Collection): Change {
  const ids = [...new Set(collection.dirtyIds)];
  const put = ids.flatMap((id) => collection.get(id) ?? []);
  const there = new Set(put.map(({ $loki }) => $loki));
  return {
    collection: collection.name,
    maxId: collection.maxId,
    put,
    gone: ids.filter((id) => !there.has(id)),
  };
}

function applyChanges({ collections }: Stored, changes: readonly Change[]): void {
  const touched = new Map<string, Map<number, Document>>();
  for (const { collection: name, maxId, put, gone } of changes) {
    const collection = collections.find((one) => one.name === name);
    // A journal that outlived its collection: the index, written when it went, is right.
    if (collection === undefined) continue;
    let documents = touched.get(name);
    if (documents === undefined) {
      documents = new Map(collection.data.map((document) => [document.$loki, document]));
      touched.set(name, documents);
    }
    for (const document of put) documents.set(document.$loki, document);
    for (const id of gone) documents.delete(id);
    collection.maxId = Math.max(collection.maxId, maxId);
  }
  for (const collection of collections) {
    const documents = touched.get(collection.name);
    // In the order of their ids: loki looks documents up by bisection.
    if (documents) collection.data = [...documents.values()].sort((a, b) => a.$loki - b.$loki);
  }
}

/** Up to the first line that is not whole: of that one nobody was told. */
function readJournal(file: string): Change[] {
  const lines = readIfPresent(file).toString().split("\n").slice(0, -1);
  const changes: Change[] = [];
  for (const line of lines) {
    try {
      changes.push(JSON.parse(line) as Change);
    } catch {
      break;
    }
  }
  return changes;
}
