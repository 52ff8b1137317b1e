/**
 * What a capture costs beside what Azure takes: the run's wall time over the longest chain of Azure's own operations,
 * and how executions and requests grow when replication takes ten times as long. Baseline: the chain itself, read from
 * the operations' own start and end times, with the seal and the agent's start as seeded. Time is the cloud's.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  definitionId,
  newSubscription,
  vmId,
  windowsDefinition,
  windowsVm,
} from "../src/local/cloud/seed.js";
import { readSample, setting } from "../src/local/cloud/app-settings.js";
import type { LocalEnvironment } from "../test/support/local-environment.js";
import { startLocalEnvironment } from "../test/support/local-environment.js";

/** From the VM's creation to its agent's first word, and from the end of Sysprep to the VM's stop, in the simulator. */
const AGENT_SECONDS = 30;
const SEAL_SECONDS = 240;
const POWER_OFF_SECONDS = 5;
/** At the demo's time scale ten milliseconds of ours count as a second of the cloud's. */
const DEMO_SPEED = 100;

interface Row {
  readonly replication: string;
  readonly "wall (min)": number;
  readonly "Azure's chain (min)": number;
  readonly "wall / chain": number;
  readonly activities: number;
  readonly "ARM requests": number;
  readonly "history (KB)": number;
}

export async function run(): Promise<readonly Row[]> {
  console.log(
    "One capture by clone of a Windows VM with two data disks; unless said otherwise the cloud's clock jumps from event to event.",
  );
  const rows = [
    await measure("as recorded", 1),
    await measure("ten times longer", 10),
    await measure(`as recorded, clock running at ${DEMO_SPEED} times`, 1, DEMO_SPEED),
  ];
  const [short, long] = rows as [Row, Row];
  const growth = (key: "activities" | "ARM requests") => (long[key] / short[key]).toFixed(2);
  console.log(
    `Ten times the replication: ${growth("activities")} × the activities, ${growth("ARM requests")} × the requests.`,
  );
  return rows;
}

async function measure(replication: string, factor: number, speed?: number): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "capture-bench-"));
  const recordFile = join(folder, "exchanges.jsonl");
  const appDir = process.cwd();
  const subscriptionId = setting(readSample(appDir), "DROP_STORAGE_ACCOUNT_ID").split("/")[2] ?? "";
  const seed = newSubscription(subscriptionId);
  const vms = (seed.vms ?? []).map((vm) => ({ ...vm, guest: { seal: { seconds: SEAL_SECONDS } } }));
  const local = await startLocalEnvironment({
    seed: { ...seed, vms },
    recordFile,
    ...(speed === undefined ? {} : { speed }),
  });
  try {
    if (factor > 1) await local.steer({ match: { operation: "versions/put" }, act: { slow: factor } });
    await local.send("bench", {
      sourceVmId: vmId(subscriptionId, windowsVm.name),
      target: { kind: "gallery", definitionId: definitionId(subscriptionId, windowsDefinition) },
    });
    const status = await local.ended("capture", "bench");
    if (status.status !== "succeeded")
      throw new Error(`The capture ended as ${JSON.stringify(status.error)}`);
    const stages = status.stages.flatMap(({ startedAt, endedAt }) =>
      startedAt && endedAt ? [{ startedAt, endedAt }] : [],
    );
    const wall =
      Math.max(...stages.map(({ endedAt }) => Date.parse(endedAt))) -
      Math.min(...stages.map(({ startedAt }) => Date.parse(startedAt)));
    const exchanges = (await readFile(recordFile, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Exchange);
    const chain = (await chainOf(exchanges)) + (AGENT_SECONDS + SEAL_SECONDS + POWER_OFF_SECONDS) * 1000;
    const history = await local.history("capture", "bench");
    return {
      replication,
      "wall (min)": minutes(wall),
      "Azure's chain (min)": minutes(chain),
      "wall / chain": Number((wall / chain).toFixed(3)),
      activities: (history.match(/"EventType":"Task(Completed|Failed)"/g) ?? []).length,
      "ARM requests": exchanges.length,
      "history (KB)": Math.round(history.length / 1024),
    };
  } finally {
    await stop(local, folder);
  }
}

async function stop(local: LocalEnvironment, folder: string): Promise<void> {
  await local.stop();
  await rm(folder, { recursive: true, force: true });
}

interface Exchange {
  readonly responseHeaders: Readonly<Record<string, string>>;
}

/** The time during which at least one of Azure's operations was under way for us. */
async function chainOf(exchanges: readonly Exchange[]): Promise<number> {
  const urls = exchanges.flatMap(({ responseHeaders }) =>
    Object.entries(responseHeaders).flatMap(([name, url]) =>
      name.toLowerCase() === "azure-asyncoperation" ? [url] : [],
    ),
  );
  const spans = await Promise.all(
    [...new Set(urls)].map(async (url) => {
      const { startTime, endTime } = (await (await fetch(url)).json()) as {
        startTime: string;
        endTime: string;
      };
      return { from: Date.parse(startTime), to: Date.parse(endTime) };
    }),
  );
  let [total, reached] = [0, 0];
  for (const { from, to } of spans.sort((one, other) => one.from - other.from)) {
    total += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return total;
}

const minutes = (ms: number) => Number((ms / 60_000).toFixed(2));
