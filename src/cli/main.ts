#!/usr/bin/env node
/** The `vmimage` command line: finds the command in the table and runs it. */
import { constants } from "node:os";
import { runCommandLine } from "./run-command-line.js";

/** As a shell says it: 128 and the signal. */
const INTERRUPTED = 128 + constants.signals.SIGINT;

let parting: (() => void) | undefined;
function onInterrupt(say: () => void): void {
  if (parting === undefined)
    process.once("SIGINT", () => {
      parting?.();
      process.exit(INTERRUPTED);
    });
  parting = say;
}

// A reader that stops early (`vmimage runs | head`) has what it wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  onInterrupt,
  ...(process.stdout.isTTY ? { columns: () => process.stdout.columns } : {}),
});
