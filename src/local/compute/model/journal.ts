/**
 * Keeps the tables over restarts. Every commit is one line of an append-only journal, written before the answer leaves,
 * so that `kill -9` loses nothing that a client was told; a torn last line is a commit that nobody was told of.
 *
 *   state.json           what was folded last, as lines of the same form
 *   journal.old.jsonl    the commits that a fold is about to replace; there only while one is under way
 *   journal.jsonl        the commits since
 *
 * A line holds whole rows, so replaying commits over a state that knows them already changes nothing once the last of
 * them is replayed too: a fold may be cut off between any two of its steps, and may run while commits go on.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { readIfPresent, replaceFile } from "../../state-file.js";
import type { Table } from "./store.js";

type Commit = Record<string, Record<string, unknown>>;

/** A journal is folded when it is larger than this, and than twice the state that it would leave. */
const FOLD_ABOVE_BYTES = 16 * 2 ** 20;
const FOLD_ABOVE_STATES = 2;

/** What a fold writes between two turns of the event loop: a few milliseconds' work. */
const SLICE_BYTES = 256 * 1024;

export interface JournalOptions {
  readonly directory: string | undefined;
  readonly foldAboveBytes?: number | undefined;
  readonly log: (line: string) => void;
}

export class Journal {
  readonly #tables: Readonly<Record<string, Table<unknown>>>;
  readonly #files: { readonly state: string; readonly old: string; readonly journal: string } | undefined;
  readonly #foldAboveBytes: number;
  readonly #log: (line: string) => void;
  #stateBytes = 0;
  #journalBytes = 0;
  #folding: Promise<void> | undefined;
  #unwritten = "";
  #closed = false;

  constructor(tables: Readonly<Record<string, Table<never>>>, options: JournalOptions) {
    this.#tables = tables;
    this.#foldAboveBytes = options.foldAboveBytes ?? FOLD_ABOVE_BYTES;
    this.#log = options.log;
    const { directory } = options;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = (name: string) => path.join(directory, name);
    this.#files = {
      state: file("state.json"),
      old: file("journal.old.jsonl"),
      journal: file("journal.jsonl"),
    };
    const { state, old, journal } = this.#files;
    for (const one of [state, old, journal]) this.#replay(one);
    // Nobody waits yet, so what was replayed is folded in one go.
    this.#writeState(state, this.#lines());
    rmSync(old, { force: true });
    if (existsSync(journal)) truncateSync(journal);
  }

  commit(): void {
    const commit: Commit = {};
    for (const [name, table] of Object.entries(this.#tables)) {
      const changes = table.takeChanges();
      if (changes !== undefined) commit[name] = changes;
    }
    if (this.#files === undefined || this.#closed || Object.keys(commit).length === 0) return;
    this.#unwritten += `${JSON.stringify(commit)}\n`;
    this.#append(this.#files.journal);
    if (this.#journalBytes > Math.max(this.#foldAboveBytes, FOLD_ABOVE_STATES * this.#stateBytes))
      this.#folding ??= this.#fold(this.#files).finally(() => (this.#folding = undefined));
  }

  /** What could not be written is told to nobody; it goes first when the disk takes something again. */
  #append(file: string): void {
    try {
      // State holds SAS URLs that a guest was given: nobody else may read it.
      appendFileSync(file, this.#unwritten, { mode: 0o600 });
    } catch (thrown) {
      if (existsSync(file)) truncateSync(file, this.#journalBytes);
      throw thrown;
    }
    this.#journalBytes += Buffer.byteLength(this.#unwritten);
    this.#unwritten = "";
  }

  /** Resolves when no file is written any more; a fold under way is given up, as if the process had been killed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#folding;
  }

  async #fold({ state, old, journal }: { state: string; old: string; journal: string }): Promise<void> {
    try {
      // An old journal that is still there belongs to a fold that failed: its commits go into this one.
      if (!existsSync(old)) {
        renameSync(journal, old);
        this.#journalBytes = 0;
      }
      const fresh = `${state}.new`;
      writeFileSync(fresh, "", { mode: 0o600 });
      let bytes = 0;
      for (const line of this.#lines()) {
        await new Promise((resolve) => void setImmediate(resolve));
        if (this.#closed) return;
        appendFileSync(fresh, line);
        bytes += Buffer.byteLength(line);
      }
      const handle = openSync(fresh, "r+");
      fsyncSync(handle);
      closeSync(handle);
      renameSync(fresh, state);
      rmSync(old);
      this.#stateBytes = bytes;
    } catch (thrown) {
      // Nothing is lost: all commits still lie in the journals.
      this.#log(`could not fold the journal: ${String(thrown)}`);
    }
  }

  /** Every row, as commits of a slice each. Rows may change between two of them: a later commit says so again. */
  *#lines(): Generator<string, void, undefined> {
    for (const [name, table] of Object.entries(this.#tables)) {
      let rows: string[] = [];
      let bytes = 0;
      for (const [key, row] of table.entries()) {
        const text = `${JSON.stringify(key)}:${JSON.stringify(row)}`;
        rows.push(text);
        bytes += text.length;
        if (bytes < SLICE_BYTES) continue;
        yield `{${JSON.stringify(name)}:{${rows.join(",")}}}\n`;
        rows = [];
        bytes = 0;
      }
      if (rows.length > 0) yield `{${JSON.stringify(name)}:{${rows.join(",")}}}\n`;
    }
  }

  #writeState(file: string, lines: Iterable<string>): void {
    const text = [...lines].join("");
    replaceFile(file, text);
    this.#stateBytes = Buffer.byteLength(text);
  }

  #replay(file: string): void {
    // Whatever stands after a journal's last line feed was never committed.
    for (const line of readIfPresent(file).toString().split("\n").slice(0, -1))
      for (const [name, rows] of Object.entries(JSON.parse(line) as Commit))
        this.#tables[name]?.restore(rows);
  }
}
