/**
 * The simulator as a process of its own: one JSON line on standard output when it is ready, gone when its standard
 * input closes, so that it never outlives who started it.
 *   --port N  --state DIR  --seed FILE  --clock JSON (a ClockState)  --storage FILE (a StorageAccount or a list)
 *   --record FILE  --no-throttling  --fold-above BYTES  --verbose (bodies as lines of JSON on standard error, secrets masked)
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ClockState, realClock, scaledClock } from "../clock.js";
import { type StorageAccount, startCompute } from "./compute.js";
import { readSeed } from "./seed.js";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    state: { type: "string" },
    seed: { type: "string" },
    clock: { type: "string" },
    storage: { type: "string" },
    record: { type: "string" },
    "no-throttling": { type: "boolean" },
    "fold-above": { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

const logBodies = (exchange: object): void =>
  void process.stderr.write(`${JSON.stringify({ level: "debug", event: "bodies", ...exchange })}\n`);

const simulator = await startCompute({
  clock: values.clock === undefined ? realClock : scaledClock(JSON.parse(values.clock) as ClockState),
  log: (line) => process.stderr.write(`${line}\n`),
  ...(values.verbose ? { logBodies } : {}),
  throttling: values["no-throttling"] !== true,
  ...(values["fold-above"] === undefined ? {} : { foldAboveBytes: Number(values["fold-above"]) }),
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.state === undefined ? {} : { stateDir: values.state }),
  ...(values.seed === undefined ? {} : { seed: readSeed(values.seed) }),
  ...(values.storage === undefined
    ? {}
    : { storage: JSON.parse(readFileSync(values.storage, "utf8")) as StorageAccount | StorageAccount[] }),
  ...(values.record === undefined ? {} : { recordFile: values.record }),
});

process.stdout.write(
  `${JSON.stringify({ ready: true, endpoint: simulator.endpoint, port: simulator.port, subscriptionId: simulator.subscriptionId })}\n`,
);

const leave = (): void => void simulator.stop().finally(() => process.exit(0));
process.stdin.on("end", leave).on("close", leave).resume();
process.once("SIGINT", leave);
process.once("SIGTERM", leave);
