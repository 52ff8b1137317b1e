/**
 * Follows a run to its end: on a screen the stages are drawn again in place; in a log each change is a line. Polls less
 * often while nothing changes, and tolerates an app that is unavailable for a while, as runs do.
 */
import { isOpen } from "../domain/stages.js";
import { endingLines, handedTo, headLine, stageLines } from "./board-lines.js";
import { CommandFailed, type Terminal } from "./command.js";
import { dryRunIn, isBlocked } from "./dry-run-lines.js";
import { EXIT, EXIT_OF_RUN } from "./exit-codes.js";
import type { PipelineClient } from "./pipeline-client.js";
import { findRun, type RunDocument, type RunPlace } from "./run-documents.js";

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;
/** A restart of the app, a deployment, a laptop that slept. */
const AWAY_MS = 10 * 60_000;

export interface Watched {
  readonly run: RunDocument;
  readonly exitCode: number;
}

export async function watchRun(
  client: PipelineClient,
  place: RunPlace,
  terminal: Terminal,
): Promise<Watched> {
  terminal.onInterrupt?.(() =>
    terminal.err(`\nThe run continues. To follow it again: vmimage watch ${place.kind}/${place.id}\n`),
  );
  const show = terminal.columns ? onScreen(terminal, terminal.columns) : inLog(terminal);
  const run = await untilOver(client, place, terminal, show);
  const next = handedTo(run);
  if (next !== undefined && next !== run.id) {
    terminal.out(`Another run is making the image of this file: ${next}\n`);
    return watchRun(client, { kind: run.kind, id: next }, terminal);
  }
  for (const line of endingLines(run)) terminal.out(`${line}\n`);
  return { run, exitCode: exitCodeOf(run) };
}

/** A dry run with a blocking check has succeeded; the actual run would be refused. */
function exitCodeOf({ status, result }: RunDocument): number {
  if (isOpen(status)) return EXIT_OF_RUN.failed;
  const dryRun = dryRunIn(result);
  return dryRun !== undefined && isBlocked(dryRun) ? EXIT_OF_RUN.refused : EXIT_OF_RUN[status];
}

async function untilOver(
  client: PipelineClient,
  place: RunPlace,
  { sleep = wait, err }: Terminal,
  show: (run: RunDocument) => void,
): Promise<RunDocument> {
  let before = "";
  let delayMs = FIRST_MS;
  let awayMs = 0;
  for (;;) {
    try {
      const run = await findRun(client, place);
      if (run === undefined)
        throw new CommandFailed(EXIT.noSuchRun, `There is no ${place.kind} ${place.id} at ${client.url}.`);
      awayMs = 0;
      const now = JSON.stringify([run.status, run.stages]);
      delayMs = now === before ? Math.min(delayMs * 1.5, LONGEST_MS) : FIRST_MS;
      before = now;
      show(run);
      if (!isOpen(run.status)) return run;
    } catch (error) {
      const passes = error instanceof CommandFailed && error.exitCode === EXIT.unavailable && before !== "";
      if (!passes || awayMs >= AWAY_MS) throw error;
      if (awayMs === 0) err(`${error.message}\nThe run continues on its own; retrying for a while.\n`);
      awayMs += delayMs;
      delayMs = Math.min(delayMs * 1.5, LONGEST_MS);
    }
    await sleep(delayMs);
  }
}

/** Moves back up over what it drew before; a line too long for the screen would be two and spoil the count. */
function onScreen({ out }: Terminal, columns: () => number): (run: RunDocument) => void {
  let drawn = 0;
  return (run) => {
    const width = Math.max(20, columns() - 1);
    const lines = [headLine(run), ...stageLines(run, Date.now())].map((line) => line.slice(0, width));
    const up = drawn > 0 ? `\u001b[${drawn}A` : "";
    out(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`);
    drawn = lines.length;
  };
}

const PERCENT_STEP = 10;

function inLog({ out }: Terminal): (run: RunDocument) => void {
  const told = new Map<string, string>();
  return (run) => {
    const lines = stageLines(run, Date.parse(run.updatedAt));
    const isNews = told.get("") !== run.status;
    told.set("", run.status);
    if (isNews && isOpen(run.status)) out(`${headLine(run)}\n`);
    run.stages.forEach(({ name, state, percent, detail }, index) => {
      const step = state === "running" ? Math.floor((percent ?? 0) / PERCENT_STEP) : "";
      const now = `${state} ${step} ${state === "running" ? "" : (detail ?? "")}`;
      if (state !== "pending" && told.get(name) !== now) out(`${lines[index] ?? ""}\n`);
      told.set(name, now);
    });
    if (isNews && !isOpen(run.status)) out(`${headLine(run)}\n`);
  };
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
