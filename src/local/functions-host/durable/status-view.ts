/** An instance as the management API shows it. */
import { EventType, type HistoryEvent, type InstanceRow } from "./history.js";

export interface StatusOptions {
  readonly showInput: boolean;
  readonly showHistory: boolean;
  readonly showHistoryOutput: boolean;
}

const parse = (text: string | undefined): unknown =>
  text === undefined ? null : (JSON.parse(text) as unknown);

/** Whole seconds, as the real API writes its times. */
const seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");

export function statusOf(row: InstanceRow, options: StatusOptions) {
  return {
    name: row.name,
    instanceId: row.id,
    runtimeStatus: row.status,
    // The SDK refuses a status whose input or output is absent.
    input: options.showInput ? parse(row.input) : null,
    customStatus: row.customStatus ?? null,
    output: parse(row.output),
    createdTime: seconds(row.createdMs),
    lastUpdatedTime: seconds(row.updatedMs),
    ...(options.showHistory ? { historyEvents: historyView(row.history, options) } : {}),
  };
}

const typeNames = Object.fromEntries(Object.entries(EventType).map(([name, value]) => [value, name]));

/** Completions take in what scheduled them; the marks of turns are left out. */
function historyView(
  history: readonly HistoryEvent[],
  { showHistoryOutput, showInput }: StatusOptions,
): object[] {
  const scheduled = new Map<number, HistoryEvent>();
  const completed = new Set<number>();
  for (const event of history) {
    if (event.EventId >= 0) scheduled.set(event.EventId, event);
    completed.add(event.TaskScheduledId ?? event.TimerId ?? -1);
  }
  const hidden: readonly number[] = [EventType.OrchestratorStarted, EventType.OrchestratorCompleted];
  return history
    .filter(({ EventType: type, EventId: id }) => !hidden.includes(type) && (id < 0 || !completed.has(id)))
    .map((event) => {
      const { EventType: type, Input: input, Result: result } = event;
      const origin = scheduled.get(event.TaskScheduledId ?? event.TimerId ?? -1);
      const shownInput = input ?? origin?.Input;
      return {
        ...event,
        EventType: typeNames[type] ?? String(type),
        ...{ EventId: undefined, Host: undefined, Input: undefined, Result: undefined },
        ...(origin === undefined ? {} : { ScheduledTime: origin.Timestamp }),
        ...(origin?.Name === undefined ? {} : { FunctionName: origin.Name }),
        ...(type === EventType.ExecutionStarted ? { FunctionName: event.Name } : {}),
        ...(showInput && shownInput !== undefined ? { Input: parse(shownInput) } : {}),
        ...(showHistoryOutput && result !== undefined ? { Result: parse(result) } : {}),
      };
    });
}
