/**
 * The durable half of a queue, topic or subscription. Every change is a record that is applied here and appended to
 * the journal; replaying the records of a journal gives the same store again. Locks, credit and who waits for what
 * are not here: they end with the process.
 */
import type { Entry } from "./entry.js";
import type { Rule } from "./rules.js";

export type Change =
  | { readonly op: "put"; readonly entry: Entry }
  | { readonly op: "remove"; readonly sequence: number }
  | { readonly op: "attempt"; readonly sequence: number; readonly deliveryCount: number }
  | { readonly op: "sequence"; readonly last: number }
  | { readonly op: "duplicate"; readonly id: string; readonly atMs: number }
  | { readonly op: "session"; readonly id: string; readonly state: Buffer | undefined }
  | { readonly op: "rules"; readonly rules: readonly Rule[] };

export class EntityStore {
  /** Ascending by sequence number: a change of an entry keeps its place. */
  readonly entries = new Map<number, Entry>();
  /** Message ids seen, oldest first, with the time. */
  readonly duplicates = new Map<string, number>();
  readonly sessionStates = new Map<string, Buffer>();
  /** Set once a client has changed them; until then the configuration rules. */
  rules: readonly Rule[] | undefined;
  lastSequence = 0;
  readonly #append: (change: Change) => void;

  constructor(append: (change: Change) => void) {
    this.#append = append;
  }

  commit(change: Change): void {
    this.apply(change);
    this.#append(change);
  }

  apply(change: Change): void {
    switch (change.op) {
      case "put":
        this.entries.set(change.entry.sequence, change.entry);
        this.lastSequence = Math.max(this.lastSequence, change.entry.sequence);
        break;
      case "remove":
        this.entries.delete(change.sequence);
        break;
      case "attempt": {
        const entry = this.entries.get(change.sequence);
        if (entry) entry.deliveryCount = change.deliveryCount;
        break;
      }
      case "sequence":
        this.lastSequence = Math.max(this.lastSequence, change.last);
        break;
      case "duplicate":
        this.duplicates.set(change.id, change.atMs);
        break;
      case "session":
        if (change.state) this.sessionStates.set(change.id, change.state);
        else this.sessionStates.delete(change.id);
        break;
      case "rules":
        this.rules = change.rules;
        break;
    }
  }

  /** The fewest changes that lead here. */
  *snapshot(): Generator<Change> {
    if (this.lastSequence > 0) yield { op: "sequence", last: this.lastSequence };
    for (const entry of this.entries.values()) yield { op: "put", entry };
    for (const [id, atMs] of this.duplicates) yield { op: "duplicate", id, atMs };
    for (const [id, state] of this.sessionStates) yield { op: "session", id, state };
    if (this.rules) yield { op: "rules", rules: this.rules };
  }
}
