/**
 * The cloud as a process of its own: for a person who runs the app with `func start` (npm run local:cloud), and with
 * --child for `npm start` and the demo, which it tells in one line of JSON that it is ready.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSeed } from "../compute/seed.js";
import { leanHeap } from "../lean-heap.js";
import { endInOrder, failed } from "../lifetime.js";
import { type LogView, logView } from "../start/log-view.js";
import { speedOf } from "./clock-file.js";
import { type Cloud, startCloud } from "./cloud.js";
import { connectionsFile, lastConnections, settingsFile } from "./connections.js";
import type { CloudPorts } from "./ports.js";
import { DEFAULT_PORTS, assertPortsFree, freePorts } from "./ports.js";
import { cloudSummary } from "./summary.js";

const usage = `npm run local:cloud -- [--ports default|free] [--state DIR] [--speed FACTOR] [--seed FILE] [--entities FILE] [--record FILE] [--verbose]`;

const { values: flags } = parseArgs({
  options: {
    app: { type: "string", default: "." },
    state: { type: "string", default: ".local" },
    ports: { type: "string", default: "default" },
    speed: { type: "string" },
    seed: { type: "string" },
    entities: { type: "string" },
    record: { type: "string" },
    verbose: { type: "boolean", default: false },
    child: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (flags.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  leanHeap();
  const stateDir = resolve(flags.state);
  const ports = await portsOf(flags.ports, stateDir);
  await assertPortsFree({ ...ports });
  const view = flags.child ? undefined : viewFor(stateDir);
  const log = view?.from("cloud") ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const cloud = await startCloud({
    appDir: resolve(flags.app),
    stateDir,
    ports,
    ...(flags.speed === undefined ? {} : { speed: speedOf(flags.speed) }),
    ...(flags.seed === undefined ? {} : { seed: readSeed(flags.seed) }),
    ...(flags.entities === undefined ? {} : { entitiesFile: flags.entities }),
    ...(flags.record === undefined ? {} : { recordFile: flags.record }),
    verbose: flags.verbose,
    log: (line) => log(JSON.stringify(line)),
  });
  endInOrder(() => cloud.stop(), flags);
  process.stdout.write(`${flags.child ? readyLine(cloud, stateDir) : cloudSummary(cloud, stateDir)}\n`);
  if (!flags.verbose) view?.showFrom("info");
}

/** Shown and kept as `npm start` shows and keeps the lines of its processes: until the summary only what is wrong. */
function viewFor(stateDir: string): LogView {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  return logView(join(stateDir, "logs"), { from: flags.verbose ? "debug" : "warn", print });
}

const readyLine = ({ connections }: Cloud, stateDir: string): string =>
  JSON.stringify({
    ready: true,
    settings: settingsFile(stateDir),
    connections: connectionsFile(stateDir),
    compute: connections.compute.endpoint,
  });

async function portsOf(text: string, stateDir: string): Promise<CloudPorts> {
  if (text === "default") return DEFAULT_PORTS;
  if (text === "free") return freePorts(lastConnections(stateDir));
  throw new Error(`--ports ${text}: say default or free.`);
}

main().catch(failed);
