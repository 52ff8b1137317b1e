/**
 * A queue, a subscription or a dead-letter queue: what is ready, what is locked, and what became of it.
 *
 *   intake ──▶ ready (by sequence number, a lane per session) ──▶ locked ──▶ completed
 *                 ▲                                                 │ abandoned, lock expired: count + 1, back in order
 *                 └─────────────────────────────────────────────────┤ deferred: only by its sequence number from now on
 *                                                                   └ dead-lettered, or once too often: the DLQ
 */
import type { Clock } from "../clock.js";
import { types } from "./amqp.js";
import { withApplicationProperties } from "./codec.js";
import { expiresAtMs, type Entry } from "./entry.js";
import { Intake } from "./intake.js";
import { Lanes, type Consumer, type Handout } from "./lanes.js";
import { Locks } from "./locks.js";
import type { Typed } from "./rhea-internals.js";
import { Sessions } from "./sessions.js";
import type { EntityStore } from "./store.js";

export interface QueueSettings {
  readonly lockDurationMs: number;
  readonly maxDeliveryCount: number;
  readonly defaultTtlMs?: number;
  readonly duplicateWindowMs?: number;
  readonly requiresSession: boolean;
  readonly onExpiry: "dead-letter" | "drop" | "keep";
}

export type Properties = ReadonlyMap<string, Typed>;
export type Settlement =
  | { readonly kind: "complete" }
  | { readonly kind: "abandon" | "defer" | "dead-letter"; readonly properties: Properties };

/** A sweep costs a look at every message, so an entity sweeps no more often than this. */
const SWEEP_PAUSE_MS = 1000;

export class Queue {
  readonly path: string;
  readonly settings: QueueSettings;
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly store: EntityStore;
  readonly deadLetters: Queue | undefined;
  readonly #clock: Clock;
  readonly #lanes: Lanes;
  readonly #locks: Locks;
  #sweep: { atMs: number; cancel: () => void } | undefined;

  constructor(options: {
    path: string;
    settings: QueueSettings;
    store: EntityStore;
    deadLetters?: Queue;
    clock: Clock;
  }) {
    const { path, settings, store, deadLetters, clock } = options;
    this.path = path;
    this.settings = settings;
    this.store = store;
    this.deadLetters = deadLetters;
    this.#clock = clock;
    this.#lanes = new Lanes(settings.requiresSession);
    this.intake = new Intake({
      store,
      clock,
      defaultTtlMs: settings.defaultTtlMs,
      duplicateWindowMs: settings.duplicateWindowMs,
      activate: (entry) => this.#activate(entry),
    });
    this.sessions = new Sessions({
      clock,
      lockDurationMs: settings.lockDurationMs,
      ready: () => this.#lanes.readySessions(),
      onReleased: (id) => this.#locks.releaseSession(id).forEach((entry) => this.#putBack(entry)),
    });
    this.#locks = new Locks({
      clock,
      durationMs: settings.lockDurationMs,
      onExpired: (entry) => this.#putBack(entry),
    });
  }

  /** Takes up what the journal brought back. Locks ended with the former process; the attempts it began count. */
  start(): void {
    for (const entry of [...this.store.entries.values()])
      if (entry.state !== "scheduled") this.#putBack(entry);
    this.intake.start();
  }

  subscribe(consumer: Consumer): () => void {
    this.#lanes.add(consumer);
    return () => this.#lanes.remove(consumer);
  }

  /** Hands out what is ready to whoever has room, in turn. */
  pump(sessionId?: string): void {
    for (let next = this.#lanes.next(sessionId); next; next = this.#lanes.next(sessionId)) {
      const { entry, consumer } = next;
      if (!this.#dropExpired(entry)) consumer.take(this.#handOut(entry, consumer.peekLock));
    }
  }

  /** False when the lock is lost. */
  settle(token: string, settlement: Settlement): boolean {
    const entry = this.#locks.release(token);
    if (entry === undefined) return false;
    if (settlement.kind === "complete") {
      this.store.commit({ op: "remove", sequence: entry.sequence });
      return true;
    }
    if (settlement.kind === "dead-letter") {
      this.#deadLetter(entry, settlement.properties);
      return true;
    }
    entry.bare = withApplicationProperties(entry.bare, settlement.properties);
    const isDeferral = settlement.kind === "defer" && entry.state !== "deferred";
    if (isDeferral) entry.state = "deferred";
    if (isDeferral || settlement.properties.size > 0) this.store.commit({ op: "put", entry });
    if (settlement.kind === "abandon") this.#putBack(entry);
    return true;
  }

  /** The new end of the lock, or undefined when it is lost. */
  renew(token: string): number | undefined {
    return this.#locks.renew(token);
  }

  /** Deferred messages by their numbers: all of them, or undefined. */
  takeDeferred(sequences: readonly number[], peekLock: boolean, sessionId?: string): Handout[] | undefined {
    const entries = sequences.map((sequence) => this.store.entries.get(sequence));
    const taken = entries.filter(
      (entry) => entry?.state === "deferred" && entry.sessionId === (sessionId ?? entry.sessionId),
    );
    const free = taken.filter(
      (entry): entry is Entry => entry !== undefined && !this.#locks.isLocked(entry.sequence),
    );
    return free.length === sequences.length ? free.map((entry) => this.#handOut(entry, peekLock)) : undefined;
  }

  /** From `fromSequence` on, whatever their state, without locking any. */
  peek(fromSequence: number, count: number, sessionId?: string): Entry[] {
    const nowMs = this.#clock.now();
    const found: Entry[] = [];
    for (const entry of this.store.entries.values()) {
      if (found.length === count) break;
      if (entry.sequence < fromSequence || (sessionId !== undefined && entry.sessionId !== sessionId))
        continue;
      if (this.settings.onExpiry === "keep" || expiresAtMs(entry) > nowMs) found.push(entry);
    }
    return found;
  }

  counts(): { active: number; scheduled: number; deferred: number } {
    const counts = { active: 0, scheduled: 0, deferred: 0 };
    for (const { state } of this.store.entries.values()) counts[state]++;
    return counts;
  }

  stop(): void {
    this.intake.stop();
    this.sessions.stop();
    this.#locks.stop();
    this.#sweep?.cancel();
  }

  #activate(entry: Entry): void {
    this.store.commit({ op: "put", entry });
    this.#makeReady(entry);
  }

  #makeReady(entry: Entry): void {
    this.#lanes.push(entry);
    this.#expectExpiry(entry);
    this.pump(entry.sessionId);
    if (this.settings.requiresSession) this.sessions.offer();
  }

  /** A message without lock goes where it belongs: among the ready ones, aside, or to the dead letters. */
  #putBack(entry: Entry): void {
    const { maxDeliveryCount } = this.settings;
    if (entry.state === "deferred") this.#expectExpiry(entry);
    else if (entry.deliveryCount < maxDeliveryCount) this.#makeReady(entry);
    else {
      const description = `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`;
      this.#deadLetter(entry, reasonProperties("MaxDeliveryCountExceeded", description));
    }
  }

  #handOut(entry: Entry, peekLock: boolean): Handout {
    const { deliveryCount, sequence } = entry;
    if (!peekLock) {
      this.store.commit({ op: "remove", sequence });
      return { entry, deliveryCount };
    }
    this.store.commit({ op: "attempt", sequence, deliveryCount: deliveryCount + 1 });
    const sessionUntilMs = this.settings.requiresSession
      ? this.sessions.lockedUntilMs(entry.sessionId ?? "")
      : undefined;
    const lock = this.#locks.take(entry, sessionUntilMs === undefined ? undefined : Infinity);
    return { entry, deliveryCount, lock: { token: lock.token, untilMs: sessionUntilMs ?? lock.untilMs } };
  }

  #deadLetter(entry: Entry, properties: Properties): void {
    if (this.deadLetters === undefined) {
      // A message that is dead-lettered in a dead-letter queue stays there.
      entry.bare = withApplicationProperties(entry.bare, properties);
      this.store.commit({ op: "put", entry });
      this.#makeReady(entry);
      return;
    }
    // First in, then out: a journal cut between the two holds it twice rather than never.
    const bare = withApplicationProperties(entry.bare, properties);
    this.deadLetters.intake.forward(entry, { bare, deadLetterSource: this.path });
    this.store.commit({ op: "remove", sequence: entry.sequence });
  }

  #dropExpired(entry: Entry): boolean {
    if (!this.store.entries.has(entry.sequence)) return true;
    if (this.settings.onExpiry === "keep" || expiresAtMs(entry) > this.#clock.now()) return false;
    if (this.settings.onExpiry === "drop") this.store.commit({ op: "remove", sequence: entry.sequence });
    else
      this.#deadLetter(
        entry,
        reasonProperties("TTLExpiredException", "The message expired and was dead lettered."),
      );
    return true;
  }

  #expectExpiry(entry: Entry): void {
    if (this.settings.onExpiry !== "keep" && entry.ttlMs !== undefined) this.#sweepAt(expiresAtMs(entry));
  }

  #sweepAt(atMs: number): void {
    if (this.#sweep && this.#sweep.atMs <= atMs) return;
    this.#sweep?.cancel();
    const cancel = this.#clock.after(atMs - this.#clock.now(), () => {
      this.#sweep = undefined;
      let nextMs = Infinity;
      for (const entry of [...this.store.entries.values()]) {
        if (entry.state === "scheduled" || this.#locks.isLocked(entry.sequence)) continue;
        if (!this.#dropExpired(entry)) nextMs = Math.min(nextMs, expiresAtMs(entry));
      }
      if (nextMs < Infinity) this.#sweepAt(Math.max(nextMs, this.#clock.now() + SWEEP_PAUSE_MS));
    });
    this.#sweep = { atMs, cancel };
  }
}

const reasonProperties = (reason: string, description: string): Properties =>
  new Map([
    ["DeadLetterReason", types.wrap(reason)],
    ["DeadLetterErrorDescription", types.wrap(description)],
  ]);
