/**
 * The cloud as a process of its own, for `npm start`, the demo and `func start` (npm run local:cloud). Says that it
 * is ready in one line of JSON; ends when its standard input does, so that it never serves a later start by accident.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSeed } from "../compute/seed.js";
import { startCloud } from "./cloud.js";
import { connectionsFile, settingsFile } from "./connections.js";
import { DEFAULT_PORTS, FREE_PORTS, assertPortsFree } from "./ports.js";
import { endWithParent } from "./lifetime.js";

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
  },
});

async function main(): Promise<void> {
  const stateDir = resolve(flags.state);
  const ports = flags.ports === "free" ? FREE_PORTS : DEFAULT_PORTS;
  await assertPortsFree({ ...ports });
  const cloud = await startCloud({
    appDir: resolve(flags.app),
    stateDir,
    ports,
    ...(flags.speed === undefined ? {} : { speed: speedOf(flags.speed) }),
    ...(flags.seed === undefined ? {} : { seed: readSeed(flags.seed) }),
    ...(flags.entities === undefined ? {} : { entitiesFile: flags.entities }),
    ...(flags.record === undefined ? {} : { recordFile: flags.record }),
    verbose: flags.verbose,
    log: (line) => void process.stderr.write(`${JSON.stringify(line)}\n`),
  });
  endWithParent(() => cloud.stop());
  const ready = {
    ready: true,
    settings: settingsFile(stateDir),
    connections: connectionsFile(stateDir),
    compute: cloud.connections.compute.endpoint,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function speedOf(text: string): number {
  const factor = Number(text);
  if (factor > 0 && Number.isFinite(factor)) return factor;
  throw new Error(`--speed ${text}: give the factor by which time runs faster, such as 1 or 60.`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
