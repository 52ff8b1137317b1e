/**
 * What a queue and a topic do with a message that comes in: number it, drop it when its id was seen in the duplicate
 * window, or hold it until its scheduled time. Everything else goes on through `activate`.
 */
import type { Clock } from "../clock.js";
import type { Entry, IncomingMessage } from "./entry.js";
import { Heap } from "./heap.js";
import type { EntityStore } from "./store.js";

export interface IntakeOptions {
  readonly store: EntityStore;
  readonly clock: Clock;
  readonly defaultTtlMs: number | undefined;
  readonly duplicateWindowMs: number | undefined;
  readonly activate: (entry: Entry) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #scheduled = new Heap<Entry>(({ scheduledForMs }) => scheduledForMs ?? 0);
  #cancelTimer: (() => void) | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    for (const entry of options.store.entries.values())
      if (entry.state === "scheduled") this.#scheduled.push(entry);
  }

  /** Starts the timers of what a journal brought back. */
  start(): void {
    this.#arm();
  }

  /** Returns the sequence number, or undefined when the message was a duplicate and is dropped. */
  accept(message: IncomingMessage): number | undefined {
    const { store, clock, activate } = this.#options;
    if (this.#isDuplicate(message.messageId)) return undefined;
    const nowMs = clock.now();
    const isScheduled = (message.scheduledForMs ?? 0) > nowMs;
    const entry = this.#number(message, { enqueuedAtMs: nowMs, state: isScheduled ? "scheduled" : "active" });
    if (!isScheduled) activate(entry);
    else {
      store.commit({ op: "put", entry });
      this.#scheduled.push(entry);
      this.#arm();
    }
    return entry.sequence;
  }

  /** Numbers a message that comes from another entity, so that neither window nor schedule applies to it again. */
  forward(origin: Entry, changes: Partial<Entry>): void {
    const { deadLetterSource, ...message } = { ...origin, ...changes };
    this.#options.activate(
      this.#number(message, {
        enqueuedAtMs: origin.enqueuedAtMs,
        enqueuedSequence: origin.sequence,
        deliveryCount: origin.deliveryCount,
        state: "active",
        ...(deadLetterSource !== undefined && { deadLetterSource }),
      }),
    );
  }

  isScheduled(sequence: number): boolean {
    return this.#options.store.entries.get(sequence)?.state === "scheduled";
  }

  cancel(sequence: number): void {
    this.#options.store.commit({ op: "remove", sequence });
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #number(message: IncomingMessage, facts: Pick<Entry, "enqueuedAtMs" | "state"> & Partial<Entry>): Entry {
    const { store, defaultTtlMs } = this.#options;
    const sequence = ++store.lastSequence;
    const ttlMs = Math.min(message.ttlMs ?? Infinity, defaultTtlMs ?? Infinity);
    return {
      ...message,
      ...(Number.isFinite(ttlMs) && { ttlMs }),
      enqueuedSequence: sequence,
      deliveryCount: 0,
      ...facts,
      sequence,
    };
  }

  #isDuplicate(id: string): boolean {
    const { store, clock, duplicateWindowMs } = this.#options;
    if (duplicateWindowMs === undefined) return false;
    const nowMs = clock.now();
    for (const [seenId, atMs] of store.duplicates) {
      if (atMs + duplicateWindowMs > nowMs) break;
      store.duplicates.delete(seenId);
    }
    if (store.duplicates.has(id)) return true;
    store.commit({ op: "duplicate", id, atMs: nowMs });
    return false;
  }

  #arm(): void {
    this.#cancelTimer?.();
    const next = this.#scheduled.peek();
    this.#cancelTimer =
      next &&
      this.#options.clock.after((next.scheduledForMs ?? 0) - this.#options.clock.now(), () =>
        this.#release(),
      );
  }

  #release(): void {
    const { store, clock, activate } = this.#options;
    const nowMs = clock.now();
    for (
      let due = this.#scheduled.peek();
      due && (due.scheduledForMs ?? 0) <= nowMs;
      due = this.#scheduled.peek()
    ) {
      this.#scheduled.pop();
      if (!store.entries.has(due.sequence)) continue;
      // The service gives a scheduled message a new number when it becomes active. First in, then out:
      // a journal cut between the two holds it twice rather than never.
      activate(this.#number(due, { enqueuedAtMs: nowMs, enqueuedSequence: due.sequence, state: "active" }));
      store.commit({ op: "remove", sequence: due.sequence });
    }
    this.#arm();
  }
}
