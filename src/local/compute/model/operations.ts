/**
 * Long-running operations. An operation is data with a due time on the clock, so it survives a restart: `resume`
 * arms what was under way. What an operation does when it is due stands in a table by kind (completions.ts).
 * Hidden operations are the acts of guests: timed and durable like all, but no client has a URL for them.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.js";
import { ArmError, type ErrorBody } from "./errors.js";
import type { Table } from "./store.js";

/** Which status URL an operation has: `…/locations/{loc}/{family}/{id}`; Microsoft.Network's are its own. */
export type OperationFamily =
  "operations" | "DiskOperations" | "capsOperations" | "operationresults" | "network";

export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly location: string;
  readonly family: OperationFamily;
  readonly startMs: number;
  /** null: it hangs for ever. */
  dueMs: number | null;
  endMs?: number;
  status: "InProgress" | "Succeeded" | "Failed";
  error?: ErrorBody;
  output?: unknown;
  /** What the scenario of a test wants: the operation ends like this instead of doing its work. */
  readonly doom?: ErrorBody;
  readonly details: Readonly<Record<string, unknown>>;
  /** Seconds the first poll's Retry-After asks for; gone once it was sent. */
  firstPollSeconds?: number;
  readonly hidden?: true;
}

/** How a scenario bends the operation that the present request starts. */
export interface Twist {
  readonly slow?: number;
  readonly hang?: true;
  readonly lroFail?: ErrorBody;
}

export interface Start {
  readonly kind: string;
  readonly target: string;
  readonly location: string;
  readonly family: OperationFamily;
  readonly forMs: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly twist?: Twist | undefined;
  readonly firstPollSeconds?: number;
  readonly hidden?: true;
}

/**
 * How long an ended operation is told of. The providers' contract with ARM asks for a day at least; clients that come
 * later must not count on more here either.
 */
export const RESULT_KEPT_MS = 24 * 60 * 60_000;

const isForgotten = ({ endMs }: Operation, nowMs: number): boolean =>
  endMs !== undefined && nowMs - endMs > RESULT_KEPT_MS;

export interface Completion {
  /** Does the work. What it returns is the operation's output; an ArmError it throws is the operation's end. */
  readonly complete: (operation: Operation) => unknown;
  readonly failed?: (operation: Operation) => void;
}

export class Operations {
  readonly #clock: Clock;
  readonly #table: Table<Operation>;
  readonly #commit: () => void;
  readonly #completionOf: (kind: string) => Completion;
  readonly #log: (line: string) => void;
  readonly #cancels = new Map<string, () => void>();
  /** Those under way, so that what has ended costs no request anything. */
  readonly #open = new Set<Operation>();
  #running = 0;
  #stopped = false;

  constructor(parts: {
    clock: Clock;
    table: Table<Operation>;
    commit: () => void;
    completionOf: (kind: string) => Completion;
    log: (line: string) => void;
  }) {
    this.#clock = parts.clock;
    this.#table = parts.table;
    this.#commit = parts.commit;
    this.#completionOf = parts.completionOf;
    this.#log = parts.log;
    for (const operation of this.#table.values())
      if (operation.status === "InProgress") this.#open.add(operation);
  }

  start({ forMs, twist, details = {}, firstPollSeconds, hidden, ...rest }: Start): Operation {
    const startMs = this.#clock.now();
    this.#prune(startMs);
    const operation: Operation = {
      ...rest,
      id: randomUUID(),
      startMs,
      dueMs: twist?.hang === true ? null : startMs + forMs * (twist?.slow ?? 1),
      status: "InProgress",
      details,
      ...(twist?.lroFail === undefined ? {} : { doom: twist.lroFail }),
      ...(firstPollSeconds === undefined ? {} : { firstPollSeconds }),
      ...(hidden === undefined ? {} : { hidden }),
    };
    this.#table.set(operation.id, operation);
    this.#open.add(operation);
    this.#arm(operation);
    return operation;
  }

  get(id: string): Operation | undefined {
    const operation = this.#table.get(id);
    return operation === undefined || operation.hidden === true || isForgotten(operation, this.#clock.now())
      ? undefined
      : operation;
  }

  /** Oldest first, and no further than the first that is still told of: what it costs is what it frees. */
  #prune(nowMs: number): void {
    for (const operation of this.#table.values()) {
      if (operation.status === "InProgress") continue;
      if (!isForgotten(operation, nowMs)) return;
      this.#table.delete(operation.id);
    }
  }

  /** What is under way on a resource, oldest first, guests' acts left out. */
  underWay(target: string): Operation[] {
    const key = target.toLowerCase();
    return [...this.#open].filter(
      (operation) => operation.hidden !== true && operation.target.toLowerCase() === key,
    );
  }

  /** Ends operations of a resource before their time: visible ones as preempted, guests' acts silently. */
  abandon(target: string, error: ErrorBody, which: (operation: Operation) => boolean = () => true): void {
    for (const operation of [...this.#open]) {
      if (operation.target.toLowerCase() !== target.toLowerCase() || !which(operation)) continue;
      this.#cancels.get(operation.id)?.();
      this.#end(operation, { error });
    }
  }

  /** Remembers that the first poll was answered: its Retry-After comes only once (recorded). */
  takeFirstPollSeconds(operation: Operation): number | undefined {
    const seconds = operation.firstPollSeconds;
    if (seconds !== undefined) {
      delete operation.firstPollSeconds;
      this.#table.set(operation.id, operation);
    }
    return seconds;
  }

  resume(): void {
    for (const operation of this.#open) this.#arm(operation);
  }

  /** True while work of a due operation is still being done (reading a blob, a guest's request). */
  busy(): boolean {
    return this.#running > 0;
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  /** Forgets everything, for a reset. */
  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#open.clear();
    this.#table.clear();
  }

  #arm(operation: Operation): void {
    if (operation.dueMs === null || this.#stopped) return;
    const cancel = this.#clock.after(operation.dueMs - this.#clock.now(), () => void this.#fall(operation));
    this.#cancels.set(operation.id, cancel);
  }

  async #fall(operation: Operation): Promise<void> {
    this.#cancels.delete(operation.id);
    this.#running += 1;
    try {
      if (operation.doom !== undefined) throw new ArmError(200, operation.doom);
      // Without an await where there is nothing to wait for, a virtual clock's step is over when it returns.
      const work = this.#completionOf(operation.kind).complete(operation);
      this.#end(operation, { output: work instanceof Promise ? ((await work) as unknown) : work });
    } catch (thrown) {
      if (!(thrown instanceof ArmError)) this.#log(`operation ${operation.kind} broke: ${String(thrown)}`);
      const error =
        thrown instanceof ArmError ? thrown.body : { code: "InternalServerError", message: String(thrown) };
      this.#end(operation, { error });
    } finally {
      this.#running -= 1;
      if (!this.#stopped) this.#commit();
    }
  }

  #end(operation: Operation, { error, output }: { error?: ErrorBody; output?: unknown }): void {
    // Abandoned or forgotten while its work was being done: the end it was given stands.
    if (operation.status !== "InProgress" || this.#table.get(operation.id) !== operation) return;
    this.#open.delete(operation);
    operation.endMs = this.#clock.now();
    operation.status = error === undefined ? "Succeeded" : "Failed";
    if (error !== undefined) operation.error = error;
    if (output !== undefined) operation.output = output;
    this.#table.set(operation.id, operation);
    if (error !== undefined) this.#completionOf(operation.kind).failed?.(operation);
    if (operation.hidden === true) this.#table.delete(operation.id);
  }
}
