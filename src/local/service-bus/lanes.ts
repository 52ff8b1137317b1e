/** Ready messages and those who want them: one lane for a plain queue, one per session otherwise. */
import type { Entry } from "./entry.js";
import { Heap } from "./heap.js";

export interface Handout {
  readonly entry: Entry;
  readonly deliveryCount: number;
  /** Absent in receive-and-delete. */
  readonly lock?: { readonly token: string; readonly untilMs: number };
}

export interface Consumer {
  readonly peekLock: boolean;
  readonly sessionId?: string;
  /** How many messages it can take at once now. */
  capacity(): number;
  take(handout: Handout): void;
}

interface Lane {
  readonly ready: Heap<Entry>;
  /** In the order of their turn. */
  consumers: Consumer[];
}

export class Lanes {
  readonly #perSession: boolean;
  readonly #lanes = new Map<string, Lane>();

  constructor(perSession: boolean) {
    this.#perSession = perSession;
  }

  push(entry: Entry): void {
    this.#lane(entry.sessionId).ready.push(entry);
  }

  add(consumer: Consumer): void {
    this.#lane(consumer.sessionId).consumers.push(consumer);
  }

  remove(consumer: Consumer): void {
    const lane = this.#lane(consumer.sessionId);
    lane.consumers = lane.consumers.filter((other) => other !== consumer);
    if (lane.consumers.length === 0 && lane.ready.size === 0)
      this.#lanes.delete(this.#key(consumer.sessionId));
  }

  /** The next message for whoever's turn it is, if there is one and somebody has room. */
  next(sessionId: string | undefined): { entry: Entry; consumer: Consumer } | undefined {
    const { ready, consumers } = this.#lane(sessionId);
    const index = ready.size > 0 ? consumers.findIndex((candidate) => candidate.capacity() > 0) : -1;
    const [consumer] = index < 0 ? [] : consumers.splice(index, 1);
    if (consumer === undefined) return undefined;
    consumers.push(consumer);
    const entry = ready.pop();
    return entry && { entry, consumer };
  }

  /** Sessions with messages, the one with the oldest first. */
  readySessions(): string[] {
    return [...this.#lanes]
      .map(([id, { ready }]) => ({ id, oldest: ready.peek()?.sequence ?? Infinity }))
      .filter(({ oldest }) => oldest < Infinity)
      .sort((a, b) => a.oldest - b.oldest)
      .map(({ id }) => id);
  }

  #key(sessionId: string | undefined): string {
    return this.#perSession ? (sessionId ?? "") : "";
  }

  #lane(sessionId: string | undefined): Lane {
    const key = this.#key(sessionId);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { ready: new Heap(({ sequence }) => sequence), consumers: [] };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
