/**
 * One structured line per thing that happened. Inputs and queries never enter a line; bodies do when the host
 * runs verbose, in debug lines of their own, masked.
 */
export interface LogLine {
  readonly at: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly instanceId?: string;
  readonly [field: string]: unknown;
}

export type Log = (level: LogLine["level"], event: string, fields?: Record<string, unknown>) => void;

export function logTo(sink: (line: LogLine) => void, nowMs: () => number): Log {
  return (level, event, fields = {}) =>
    sink({ at: new Date(nowMs()).toISOString(), level, event, ...fields });
}

/** An error's own words; a thrown string stays itself. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
