#!/usr/bin/env node
/** The `vmimage` command line: finds the command in the table and runs it. */
import { runCommandLine } from "./run-command-line.js";

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  ...(process.stdout.isTTY ? { columns: () => process.stdout.columns } : {}),
});
