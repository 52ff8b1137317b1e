/** Which messages of a queue are locked, under which token, until when. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import type { Entry } from "./entry.js";

export interface Lock {
  readonly token: string;
  readonly entry: Entry;
  /** Infinity for a message in a session: it is locked as long as the session is. */
  untilMs: number;
}

export class Locks {
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #onExpired: (entry: Entry) => void;
  /** The next to expire first: all last equally long, and a renewal moves a lock to the end. */
  readonly #byToken = new Map<string, Lock>();
  readonly #sequences = new Set<number>();
  #cancelTimer: (() => void) | undefined;

  constructor(options: { clock: Clock; durationMs: number; onExpired: (entry: Entry) => void }) {
    this.#clock = options.clock;
    this.#durationMs = options.durationMs;
    this.#onExpired = options.onExpired;
  }

  take(entry: Entry, untilMs = this.#clock.now() + this.#durationMs): Lock {
    const lock: Lock = { token: randomUUID(), entry, untilMs };
    this.#byToken.set(lock.token, lock);
    this.#sequences.add(entry.sequence);
    this.#arm();
    return lock;
  }

  /** The message, or undefined when the lock is lost. */
  release(token: string): Entry | undefined {
    const lock = this.#byToken.get(token);
    if (lock === undefined || lock.untilMs <= this.#clock.now()) return undefined;
    this.#remove(lock);
    return lock.entry;
  }

  /** The new end of the lock, or undefined when it is lost. */
  renew(token: string): number | undefined {
    const lock = this.#byToken.get(token);
    if (lock === undefined || lock.untilMs <= this.#clock.now()) return undefined;
    lock.untilMs = this.#clock.now() + this.#durationMs;
    this.#byToken.delete(token);
    this.#byToken.set(token, lock);
    return lock.untilMs;
  }

  isLocked(sequence: number): boolean {
    return this.#sequences.has(sequence);
  }

  releaseSession(sessionId: string): Entry[] {
    return this.#releaseWhere(({ entry }) => entry.sessionId === sessionId);
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #releaseWhere(chosen: (lock: Lock) => boolean): Entry[] {
    const released = [...this.#byToken.values()].filter(chosen);
    for (const lock of released) this.#remove(lock);
    return released.map(({ entry }) => entry);
  }

  #remove({ token, entry }: Lock): void {
    this.#byToken.delete(token);
    this.#sequences.delete(entry.sequence);
  }

  #arm(): void {
    const [first] = this.#byToken.values();
    if (this.#cancelTimer || first === undefined || first.untilMs === Infinity) return;
    this.#cancelTimer = this.#clock.after(first.untilMs - this.#clock.now(), () => {
      this.#cancelTimer = undefined;
      const nowMs = this.#clock.now();
      for (const entry of this.#releaseWhere(({ untilMs }) => untilMs <= nowMs)) this.#onExpired(entry);
      this.#arm();
    });
  }
}
