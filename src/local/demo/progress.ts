/** Progress of runs on a terminal: one line a run, redrawn; elsewhere one line whenever a stage ends. */
import { fold } from "./fold.js";
import type { RunDocument, Sighting, Stage } from "./runs.js";
import { hasEnded } from "./runs.js";

export interface Screen {
  /** A terminal whose lines can be drawn over. */
  readonly isTTY: boolean;
  write(text: string): void;
  /** Draws lines over those of the last call, as long as nothing else was written since. */
  redraw(lines: readonly string[]): void;
}

export function screenOn(output: {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}): Screen {
  let drawn = 0;
  return {
    isTTY: output.isTTY === true,
    write(text) {
      drawn = 0;
      output.write(text);
    },
    redraw(lines) {
      const columns = output.columns ?? 80;
      // Up to the first line of the last drawing; then each line over the old one, and the rest of it away.
      const home = drawn === 0 ? "" : `\u001b[${drawn}A`;
      output.write(home + lines.map((line) => `${cut(line, columns - 1)}\u001b[K\n`).join(""));
      drawn = lines.length;
    },
  };
}

export interface Progress {
  readonly show: (sightings: readonly Sighting[]) => void;
}

export function progressOn(screen: Screen, nowMs: () => number): Progress {
  const beganMs = nowMs();
  const elapsed = () => `${((nowMs() - beganMs) / 1000).toFixed(1).padStart(5)} s`;
  if (!screen.isTTY) return printed(screen, elapsed);
  return { show: (sightings) => screen.redraw(sightings.map((one) => `${elapsed()}  ${lineOf(one)}`)) };
}

function printed(screen: Screen, elapsed: () => string): Progress {
  const said = new Set<string>();
  const say = (label: string, text: string) => {
    if (said.has(`${label} ${text}`)) return;
    said.add(`${label} ${text}`);
    const [first = "", ...details] = text.split("\n");
    const head = `${elapsed()}  ${label.padEnd(LABEL_WIDTH)}  `;
    const below = details.flatMap((detail) => fold(`${" ".repeat(head.length + 2)}${detail}`));
    screen.write([`${head}${first}`, ...below, ""].join("\n"));
  };
  return {
    show(sightings) {
      for (const { label, document } of sightings) {
        for (const stage of document?.stages ?? []) if (stage.endedAt !== undefined) say(label, ended(stage));
        if (hasEnded(document)) say(label, conclusion(document));
      }
    },
  };
}

const LABEL_WIDTH = 22;
const MARK: Readonly<Record<string, string>> = {
  running: "▶",
  done: "✔",
  skipped: "–",
  refused: "✘",
  failed: "✘",
  cancelled: "✘",
};

function lineOf({ label, document }: Sighting): string {
  const head = label.padEnd(LABEL_WIDTH);
  if (document === undefined) return `${head}  waiting to be seen`;
  return `${head}  ${hasEnded(document) ? conclusion(document) : underWay(document)}`;
}

/** `✔✔✔▶····  clone 40 %`: all stages, and the name of the one that runs, within eighty columns. */
function underWay({ stages }: RunDocument): string {
  const marks = stages.map(({ state }) => MARK[state] ?? "·").join("");
  const current = stages.find(({ state }) => state === "running");
  const percent = current?.percent === undefined ? "" : ` ${Math.round(current.percent)} %`;
  return `${marks}  ${current?.name ?? ""}${percent}`;
}

/** The detail stands below. */
function ended(stage: Stage): string {
  const took = stage.state === "skipped" ? stage.state : cloudTime(stage);
  const how = stage.state === "done" || stage.state === "skipped" ? "" : `  ${stage.state}`;
  const detail = stage.detail === undefined ? "" : `\n${stage.detail}`;
  return `${MARK[stage.state] ?? "·"} ${stage.name.padEnd(10)}  ${took.padStart(7)}${how}${detail}`;
}

function conclusion(document: RunDocument): string {
  const ran = document.stages.filter(({ startedAt }) => startedAt !== undefined);
  const whole: Stage = {
    name: "",
    state: document.status,
    startedAt: ran[0]?.startedAt ?? document.createdAt,
    endedAt: document.updatedAt,
  };
  const took = `${document.status} after ${cloudTime(whole)}`;
  return document.error === undefined ? took : `${took}: ${document.error.code}`;
}

/** `4:31` or `1:02:07`, in the cloud's own time. */
function cloudTime({ startedAt, endedAt }: Stage): string {
  if (startedAt === undefined || endedAt === undefined) return "";
  const seconds = Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
