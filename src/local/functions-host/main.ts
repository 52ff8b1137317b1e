/**
 * The host as a process of its own. It ends with its parent: when the IPC channel or standard input closes, nobody
 * is left who would want it, and an orphan must never answer a later start.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ClockState, realClock, scaledClock } from "../clock.js";
import { startHost } from "./host.js";
import { messageOf, type LogLine } from "./log.js";

const { values: flags } = parseArgs({
  options: {
    app: { type: "string", default: "." },
    state: { type: "string", default: ".local/host" },
    port: { type: "string", default: "7071" },
    settings: { type: "string" },
    clock: { type: "string" },
    "blob-poll-ms": { type: "string" },
    "no-fsync": { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    "enable-auth": { type: "boolean", default: false },
  },
});

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8")) as unknown;

async function main(): Promise<void> {
  const clock = flags.clock === undefined ? realClock : scaledClock(readJson(flags.clock) as ClockState);
  const { Values: settings = {} } =
    flags.settings === undefined ? {} : (readJson(flags.settings) as { Values?: Record<string, string> });
  const appDir = resolve(flags.app);
  const stateDir = resolve(flags.state);
  mkdirSync(stateDir, { recursive: true });
  process.chdir(appDir);
  const print = (line: LogLine) => {
    if (line.level !== "debug" || flags.verbose) process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  const host = await startHost({
    ...{ appDir, stateDir, settings, clock, log: print },
    port: Number(flags.port),
    verbose: flags.verbose,
    enforceKeys: flags["enable-auth"],
    fsync: !flags["no-fsync"],
    ...(flags["blob-poll-ms"] === undefined ? {} : { blobPollMs: Number(flags["blob-poll-ms"]) }),
  });

  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void host.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  if (process.send === undefined) process.stdin.on("end", stop).on("error", stop).resume();
  else process.on("disconnect", stop);
  process.stdout.write(`${JSON.stringify({ ready: true, url: host.url })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
