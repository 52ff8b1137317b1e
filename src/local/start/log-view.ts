/** The log lines of cloud and host: all of them to a file, the telling ones, shortened, to whoever looks on. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { inFolder } from "../state-lock.js";

/** The least telling lines that are shown. */
export type Shown = "debug" | "info" | "warn" | "none";

export interface LogView {
  /** Takes the lines of one process. */
  readonly from: (process: string) => (line: string) => void;
  showFrom(level: Shown): void;
  close(): Promise<void>;
}

const RANK = { debug: 0, info: 1, warn: 2, error: 3, none: 4 } as const;

/** A line without a level is an ordinary one. */
const rankOf = (level: unknown): number =>
  RANK[typeof level === "string" && level in RANK ? (level as keyof typeof RANK) : "info"];

export function logView(
  directory: string,
  show: { readonly from: Shown; readonly print: (line: string) => void },
): LogView {
  let { from: shown } = show;
  inFolder(directory, () => undefined);
  const files: ReturnType<typeof createWriteStream>[] = [];
  return {
    from(process) {
      const file = createWriteStream(join(directory, `${process}.log`), { flags: "a" });
      files.push(file);
      // A full disk costs the lines, not the environment.
      file.once("error", ({ message }) => show.print(`No more lines are kept in ${directory}: ${message}`));
      return (line) => {
        file.write(`${line}\n`);
        const entry = parse(line);
        if (entry === undefined) show.print(`${process}: ${line}`);
        else if (rankOf(entry["level"]) >= RANK[shown]) show.print(compact(process, entry));
      };
    },
    showFrom(level) {
      shown = level;
    },
    async close() {
      await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(resolve))));
    },
  };
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** `host  warn  activity-failed  runId=… reason="…"`. */
function compact(process: string, { at, level, event, ...fields }: Record<string, unknown>): string {
  // Whoever asked for debug lines wants to read the bodies in them, which are cut where they are logged.
  const show = level === "debug" ? whole : brief;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
  const time = typeof at === "string" ? at.slice(11, 23) : "";
  return [time, process, level === "info" ? "" : level, event, ...rest].filter((x) => x !== "").join("  ");
}

const LONGEST = 200;
const whole = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const brief = (value: unknown): string => {
  const text = whole(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};
