/**
 * What the simulator knows, as tables of JSON values. Every commit is one line of an append-only journal, written
 * before the answer leaves, so that `kill -9` loses nothing that a client was told; a torn last line is a commit
 * that nobody was told of. At each start the journal is folded into `state.json`. Replaying a journal over the
 * state it was folded into changes nothing, so a crash between the two files is harmless.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

type Commit = Record<string, Record<string, unknown>>;

export class Table<T> {
  readonly #rows = new Map<string, T>();
  readonly #dirty = new Set<string>();

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  /** Also says that a row changed in place. */
  set(key: string, row: T): void {
    this.#rows.set(key, row);
    this.#dirty.add(key);
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#dirty.add(key);
  }

  clear(): void {
    for (const key of [...this.#rows.keys()]) this.delete(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  values(): MapIterator<T> {
    return this.#rows.values();
  }

  entries(): MapIterator<[string, T]> {
    return this.#rows.entries();
  }

  /** The rows changed since the last call; a deleted one is null. */
  takeChanges(): Record<string, unknown> | undefined {
    if (this.#dirty.size === 0) return undefined;
    const changes = Object.fromEntries([...this.#dirty].map((key) => [key, this.#rows.get(key) ?? null]));
    this.#dirty.clear();
    return changes;
  }

  /** Takes over what a journal says. Values were written by this very table, so their type is what it was. */
  restore(rows: Record<string, unknown>): void {
    for (const [key, row] of Object.entries(rows)) {
      if (row === null) this.#rows.delete(key);
      else this.#rows.set(key, row as T);
    }
  }
}

export class Journal {
  readonly #tables: Readonly<Record<string, Table<unknown>>>;
  readonly #file: string | undefined;

  constructor(tables: Readonly<Record<string, Table<never>>>, directory: string | undefined) {
    this.#tables = tables;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#file = path.join(directory, "journal.jsonl");
    this.#load(path.join(directory, "state.json"), this.#file);
  }

  commit(): void {
    const commit: Commit = {};
    for (const [name, table] of Object.entries(this.#tables)) {
      const changes = table.takeChanges();
      if (changes !== undefined) commit[name] = changes;
    }
    if (this.#file === undefined || Object.keys(commit).length === 0) return;
    // State holds SAS URLs that a guest was given: nobody else may read it.
    appendFileSync(this.#file, `${JSON.stringify(commit)}\n`, { mode: 0o600 });
  }

  #load(stateFile: string, journalFile: string): void {
    if (existsSync(stateFile)) this.#restore(readFileSync(stateFile, "utf8"));
    if (!existsSync(journalFile)) return;
    const lines = readFileSync(journalFile, "utf8").split("\n");
    // Whatever stands after the last line feed was never committed.
    for (const line of lines.slice(0, -1)) this.#restore(line);
    const whole = Object.fromEntries(
      Object.entries(this.#tables).map(([name, table]) => [name, Object.fromEntries(table.entries())]),
    );
    writeFileSync(`${stateFile}.new`, JSON.stringify(whole), { mode: 0o600 });
    renameSync(`${stateFile}.new`, stateFile);
    truncateSync(journalFile);
  }

  #restore(line: string): void {
    for (const [name, rows] of Object.entries(JSON.parse(line) as Commit)) this.#tables[name]?.restore(rows);
  }
}
