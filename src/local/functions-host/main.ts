/** The host as a process of its own. Says that it is ready in one line of JSON on standard output. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ClockState, realClock, scaledClock } from "../clock.js";
import { leanHeap } from "../lean-heap.js";
import { endInOrder, failed } from "../lifetime.js";
import { startHost } from "./host.js";
import type { LogLine } from "./log.js";

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
    /** Ends when standard input does. */
    child: { type: "boolean", default: false },
  },
});

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8")) as unknown;

async function main(): Promise<void> {
  leanHeap();
  const clock = flags.clock === undefined ? realClock : scaledClock(readJson(flags.clock) as ClockState);
  const { Values: settings = {} } =
    flags.settings === undefined ? {} : (readJson(flags.settings) as { Values?: Record<string, string> });
  const appDir = resolve(flags.app);
  const stateDir = resolve(flags.state);
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

  endInOrder(() => host.stop(), { child: flags.child });
  void host.failed.then(failed);
  process.stdout.write(`${JSON.stringify({ ready: true, url: host.url })}\n`);
}

main().catch(failed);
