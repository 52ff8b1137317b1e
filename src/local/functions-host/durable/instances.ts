/**
 * All instances of the task hub over one journal. A live instance is in memory; of a finished one only a summary
 * and the place of its row in the file are, so that ten thousand of them cost little and slow nothing.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Execution } from "./execution.js";
import type { HistoryEvent, InstanceRow, InstanceStart, InstanceSummary, RuntimeStatus } from "./history.js";
import { EventType, iso } from "./history.js";
import { type Journal, type JournalOptions, type JournalRecord, openJournal, type Place } from "./journal.js";
import type { ExecutionSnapshot, Turn } from "./turn.js";

export interface LiveInstance {
  execution: Execution;
  status: Extract<RuntimeStatus, "Pending" | "Running" | "Suspended">;
  updatedMs: number;
  /** When the instance was created; a continueAsNew keeps it. */
  readonly createdMs: number;
}

interface FinishedInstance {
  readonly summary: InstanceSummary;
  readonly place: Place;
}

type Header =
  | { readonly t: "start"; readonly start: InstanceStart }
  | { readonly t: "event"; readonly i: string; readonly e: HistoryEvent }
  | { readonly t: "turn"; readonly i: string; readonly turn: Turn }
  | { readonly t: "again"; readonly i: string; readonly start: InstanceStart }
  | {
      readonly t: "status";
      readonly i: string;
      readonly status: LiveInstance["status"];
      readonly e: HistoryEvent;
    }
  | { readonly t: "done"; readonly summary: InstanceSummary }
  | { readonly t: "purge"; readonly i: string }
  | ({ readonly t: "live"; readonly snapshot: ExecutionSnapshot } & Omit<LiveInstance, "execution">);

export interface Instances {
  readonly live: ReadonlyMap<string, LiveInstance>;
  finished(id: string): InstanceSummary | undefined;
  summaries(): InstanceSummary[];
  row(id: string): Promise<InstanceRow | undefined>;
  start(start: InstanceStart): LiveInstance;
  receive(id: string, event: HistoryEvent): void;
  turn(id: string, turn: Turn): void;
  again(id: string, start: InstanceStart): void;
  setStatus(id: string, status: "Running" | "Suspended", event: HistoryEvent): void;
  finish(id: string, row: InstanceRow): void;
  purge(id: string): void;
  flushed(): Promise<void>;
  readonly close: () => Promise<void>;
}

/** Rewriting pays when the file is mostly the past of instances that have moved on. */
const COMPACT_ABOVE_BYTES = 1 << 20;

export async function openInstances(stateDir: string, options: JournalOptions): Promise<Instances> {
  await mkdir(stateDir, { recursive: true });
  const live = new Map<string, LiveInstance>();
  const finished = new Map<string, FinishedInstance>();
  let usefulBytes = 0;

  const mustLive = (id: string) => {
    const instance = live.get(id);
    if (instance === undefined) throw new Error(`Instance '${id}' is not running.`);
    return instance;
  };

  /** The one fold: what happened just now and what the journal tells take the same way. */
  const apply = (header: Header, place: Place, body: () => string): void => {
    switch (header.t) {
      case "start": {
        const { start } = header;
        finished.delete(start.id);
        const { createdMs } = start;
        live.set(start.id, {
          execution: Execution.begin(start),
          status: "Pending",
          createdMs,
          updatedMs: createdMs,
        });
        return;
      }
      case "event":
        mustLive(header.i).execution.inbox.push(header.e);
        return;
      case "turn": {
        const instance = mustLive(header.i);
        instance.execution.apply(header.turn);
        instance.updatedMs = header.turn.atMs;
        if (instance.status === "Pending") instance.status = "Running";
        return;
      }
      case "again": {
        const instance = mustLive(header.i);
        instance.execution = Execution.begin(header.start, instance.execution.leftForNext());
        return;
      }
      case "status": {
        const instance = mustLive(header.i);
        instance.status = header.status;
        instance.execution.history.push(header.e);
        return;
      }
      case "done":
        live.delete(header.summary.id);
        finished.set(header.summary.id, { summary: header.summary, place });
        return;
      case "purge":
        finished.delete(header.i);
        return;
      case "live": {
        const { createdMs, updatedMs, status } = header;
        const snapshot = JSON.parse(body()) as ExecutionSnapshot;
        live.set(snapshot.start.id, { execution: Execution.restore(snapshot), status, createdMs, updatedMs });
      }
    }
  };

  const journal = await openJournal(join(stateDir, "durable.journal"), options, (record: JournalRecord) => {
    const header = record.header as Header;
    if (header.t === "done" || header.t === "live") usefulBytes += record.place.length;
    apply(header, record.place, record.body.bind(record));
  });
  if (journal.sizeBytes() > COMPACT_ABOVE_BYTES && usefulBytes < journal.sizeBytes() / 2)
    await compact(journal);

  async function compact(of: Journal): Promise<void> {
    await of.rewrite(async (next) => {
      for (const [id, { summary, place }] of finished)
        finished.set(id, { summary, place: await next.copy(place) });
      for (const { execution, status, createdMs, updatedMs } of live.values()) {
        next.append({ t: "live", status, createdMs, updatedMs }, JSON.stringify(execution.snapshot()));
      }
    });
  }

  const record = (header: Header, body?: string) =>
    apply(header, journal.append(header, body), () => body ?? "");

  const liveRow = ({ execution, status, createdMs, updatedMs }: LiveInstance): InstanceRow => ({
    id: execution.start.id,
    name: execution.start.name,
    ...(execution.start.parent === undefined ? {} : { parent: execution.start.parent }),
    status,
    createdMs,
    updatedMs,
    input: execution.start.input,
    output: undefined,
    customStatus: execution.customStatus,
    history: execution.history,
  });

  return {
    live,
    finished: (id) => finished.get(id)?.summary,
    summaries: () => [
      ...[...live.values()].map(liveRow),
      ...[...finished.values()].map(({ summary }) => summary),
    ],
    async row(id) {
      const running = live.get(id);
      if (running !== undefined) return liveRow(running);
      const place = finished.get(id)?.place;
      return place === undefined ? undefined : (JSON.parse(await journal.readBody(place)) as InstanceRow);
    },
    start(start) {
      record({ t: "start", start });
      return mustLive(start.id);
    },
    receive: (id, event) => record({ t: "event", i: id, e: event }),
    turn: (id, turn) => record({ t: "turn", i: id, turn }),
    again: (id, start) => record({ t: "again", i: id, start }),
    setStatus: (id, status, event) => record({ t: "status", i: id, status, e: event }),
    finish(id, row) {
      const { name, status, createdMs, updatedMs, parent } = row;
      const summary = { id, name, status, createdMs, updatedMs, ...(parent === undefined ? {} : { parent }) };
      record({ t: "done", summary }, JSON.stringify(row));
    },
    purge: (id) => record({ t: "purge", i: id }),
    flushed: () => journal.flushed(),
    close: () => journal.close(),
  };
}

/** The row of an instance that ends now. */
export function finalRow(
  { execution, createdMs }: LiveInstance,
  end: {
    readonly status: "Completed" | "Failed" | "Terminated";
    readonly output: string;
    readonly atMs: number;
  },
): InstanceRow {
  const { start, history, customStatus } = execution;
  const event = {
    EventType: end.status === "Terminated" ? EventType.ExecutionTerminated : EventType.ExecutionCompleted,
    EventId: -1,
    Timestamp: iso(end.atMs),
    OrchestrationStatus: end.status,
    Result: end.output,
  };
  return {
    id: start.id,
    name: start.name,
    ...(start.parent === undefined ? {} : { parent: start.parent }),
    status: end.status,
    createdMs,
    updatedMs: end.atMs,
    input: start.input,
    output: end.output,
    customStatus,
    history: [...history, event],
  };
}
