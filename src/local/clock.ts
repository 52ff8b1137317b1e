/**
 * Time for the embedded Azure. Every room of `local/` takes a Clock and none reads Date.now() itself, so that
 * one factor scales the whole cloud (a 41 s deallocation in 0.7 s) and tests step through hours at once.
 * All times are milliseconds since the Unix epoch, in the clock's own time.
 */
export interface Clock {
  now(): number;
  /** Runs `act` once, `delayMs` of this clock's time from now (at once when not positive). Returns its cancel. */
  after(delayMs: number, act: () => void): () => void;
}

/** setTimeout fires at once for delays above this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * A clock that runs `factor` times as fast as the machine's. `realEpochMs` is the machine time at which it
 * showed `clockEpochMs`; two processes that share these three numbers share the clock.
 */
export function scaledClock({ factor, realEpochMs, clockEpochMs }: ClockState): Clock {
  const now = () => clockEpochMs + (Date.now() - realEpochMs) * factor;
  return {
    now,
    after(delayMs, act) {
      const dueMs = now() + delayMs;
      let timer: NodeJS.Timeout;
      const arm = () => {
        const realDelayMs = Math.max(0, (dueMs - now()) / factor);
        timer = setTimeout(
          realDelayMs > MAX_TIMEOUT_MS ? arm : act,
          Math.min(Math.ceil(realDelayMs), MAX_TIMEOUT_MS),
        );
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

export interface ClockState {
  readonly factor: number;
  readonly realEpochMs: number;
  readonly clockEpochMs: number;
}

export const realClock: Clock = scaledClock({ factor: 1, realEpochMs: 0, clockEpochMs: 0 });

/** A clock that stands still until a test moves it. Timers due at one moment fire in the order they were set. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Map<number, { dueMs: number; act: () => void }>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): () => void {
    const id = this.#order++;
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(0, delayMs), act });
    return () => void this.#timers.delete(id);
  }

  /** When the next timer is due, or undefined when none is set. */
  nextDueMs(): number | undefined {
    const due = [...this.#timers.values()].map((timer) => timer.dueMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Moves on by `ms`, firing what falls due on the way, each at its own moment. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.nextDueMs(); next !== undefined && next <= endMs; next = this.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, next);
      const [id, timer] = [...this.#timers].find(([, { dueMs }]) => dueMs === next) ?? [];
      if (id === undefined || timer === undefined) break;
      this.#timers.delete(id);
      timer.act();
    }
    this.#nowMs = endMs;
  }
}
