/**
 * Who holds which session of a queue, until when, and who waits for the next free one. A session lock belongs to the
 * link that accepted it and ends with it; a message in a session is locked as long as its session is.
 */
import type { Clock } from "../clock.js";

/** The link that accepted a session. Its name says nothing outside its connection. */
export interface Holder {
  readonly connection: object;
  readonly link: string;
}

export interface SessionLock {
  readonly id: string;
  lockedUntilMs: number;
  release(): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly lockDurationMs: number;
  /** Sessions with messages that could be delivered now, oldest message first. */
  readonly ready: () => Iterable<string>;
  /** The session is free again: its locked messages go back. */
  readonly onReleased: (id: string) => void;
}

interface Held extends SessionLock {
  readonly holder: Holder;
  readonly onLost: () => void;
  cancelTimer: () => void;
}

interface Waiter {
  readonly holder: Holder;
  readonly onLost: () => void;
  readonly done: (lock: SessionLock | undefined) => void;
  readonly cancelTimer: () => void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #held = new Map<string, Held>();
  readonly #waiters = new Set<Waiter>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Undefined when somebody else holds the session. `onLost` is called when the lock expires. */
  lock(id: string, holder: Holder, onLost: () => void): SessionLock | undefined {
    if (this.#held.has(id)) return undefined;
    const held: Held = {
      id,
      holder,
      lockedUntilMs: 0,
      onLost,
      cancelTimer: () => undefined,
      release: () => {
        if (this.#held.get(id) !== held) return;
        this.#held.delete(id);
        held.cancelTimer();
        this.#options.onReleased(id);
        this.offer();
      },
    };
    this.#held.set(id, held);
    this.#extend(held);
    return held;
  }

  /** Locks the next session that has messages; calls `done` with undefined when none came in time. Returns its cancel. */
  lockNext(options: Omit<Waiter, "cancelTimer"> & { readonly timeoutMs: number }): () => void {
    const { timeoutMs, ...rest } = options;
    const waiter: Waiter = {
      ...rest,
      cancelTimer: this.#options.clock.after(timeoutMs, () => {
        if (this.#waiters.delete(waiter)) waiter.done(undefined);
      }),
    };
    this.#waiters.add(waiter);
    this.offer();
    return () => {
      waiter.cancelTimer();
      this.#waiters.delete(waiter);
    };
  }

  /** Gives sessions that are ready and free to those who wait. */
  offer(): void {
    if (this.#waiters.size === 0) return;
    for (const id of this.#options.ready()) {
      const [waiter] = this.#waiters;
      if (waiter === undefined) return;
      const lock = this.lock(id, waiter.holder, waiter.onLost);
      if (lock === undefined) continue;
      this.#waiters.delete(waiter);
      waiter.cancelTimer();
      waiter.done(lock);
    }
  }

  /** The new end of the lock, or undefined when nobody holds the session. */
  renew(id: string): number | undefined {
    const held = this.#held.get(id);
    return held && this.#extend(held);
  }

  /** Undefined when nobody holds the session. */
  holder(id: string): Holder | undefined {
    return this.#held.get(id)?.holder;
  }

  lockedUntilMs(id: string): number | undefined {
    return this.#held.get(id)?.lockedUntilMs;
  }

  stop(): void {
    for (const { cancelTimer } of [...this.#held.values(), ...this.#waiters]) cancelTimer();
    this.#waiters.clear();
  }

  #extend(held: Held): number {
    const { clock, lockDurationMs } = this.#options;
    held.cancelTimer();
    held.lockedUntilMs = clock.now() + lockDurationMs;
    held.cancelTimer = clock.after(lockDurationMs, () => {
      held.release();
      held.onLost();
    });
    return held.lockedUntilMs;
  }
}
