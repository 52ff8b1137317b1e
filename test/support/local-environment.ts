/**
 * The whole local environment in this process: storage, Service Bus, Compute, and the host with the app as it is
 * built. Compute and the host share a clock that moves only while somebody waits for a run, from timer to timer, so
 * that an hour costs nothing and no load on the machine can make a time limit run out.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ComputeManagementClient } from "@azure/arm-compute";
import { ServiceBusClient } from "@azure/service-bus";
import { BlobServiceClient } from "@azure/storage-blob";
import { realClock, scaledClock, VirtualClock } from "../../src/local/clock.js";
import type { LocalSettings } from "../../src/local/cloud/app-settings.js";
import { containersOf, queuesOf, readSample, setting, topicsOf } from "../../src/local/cloud/app-settings.js";
import { defaultEntities } from "../../src/local/cloud/entities.js";
import { newSubscription } from "../../src/local/cloud/seed.js";
import { startCompute } from "../../src/local/compute/compute.js";
import type { Seed } from "../../src/local/compute/seed.js";
import type { RunDocument } from "../../src/local/demo/runs.js";
import { getJson, hasEnded } from "../../src/local/demo/runs.js";
import { startHost } from "../../src/local/functions-host/host.js";
import { startBroker } from "../../src/local/service-bus/broker.js";
import { parseEntities } from "../../src/local/service-bus/config.js";
import { startAzurite } from "../../src/local/storage/azurite.js";

export type Kind = "capture" | "import" | "restore";

export interface LocalEnvironment {
  readonly hostUrl: string;
  readonly subscriptionId: string;
  readonly compute: ComputeManagementClient;
  readonly dropContainer: ReturnType<BlobServiceClient["getContainerClient"]>;
  /** Every line of every part. */
  readonly lines: readonly string[];
  send(messageId: string, body: unknown): Promise<void>;
  /** Waits for a run to end, moving the clock. Imports are named by the file's stem, captures by their id. */
  ended(kind: Kind, name: string): Promise<RunDocument>;
  /** Durable's own view of a run, with its whole history and all inputs. */
  history(kind: Kind, id: string): Promise<string>;
  /** What a resource group holds, as ARM lists it: VMs, disks, network interfaces and all else with a location. */
  resources(group: string): Promise<readonly { readonly type: string; readonly name: string }[]>;
  /** Adds a rule to the simulator's scenarios (docs/local/compute.md). */
  steer(rule: unknown): Promise<void>;
  /** Every write that Compute was sent, in order. */
  writes(): Promise<readonly { readonly method: string; readonly resource: string }[]>;
  stop(): Promise<void>;
}

/** The checkout: tests, and benches too, run there. */
const appDir = process.cwd();

/** Real time in which a run must end, whatever the machine is busy with. */
const PATIENCE_MS = 60_000;

/** Seldom, for each poll is a stop on the clock's way. */
const BLOB_POLL_MS = 60_000;

export async function startLocalEnvironment(
  options: {
    readonly seed?: Seed;
    readonly recordFile?: string;
    /** Lets the clock run by itself, so many times as fast as the machine's. Absent: it moves only when waited for. */
    readonly speed?: number;
  } = {},
): Promise<LocalEnvironment> {
  if (!existsSync(join(appDir, "dist/main.js")))
    throw new Error("Pipeline tests run the app as it is built: npm run build first.");
  const stateDir = await mkdtemp(join(tmpdir(), "pipeline-"));
  const lines: string[] = [];
  const log = (line: unknown) => void lines.push(typeof line === "string" ? line : JSON.stringify(line));
  const startMs = Date.now();
  const virtual = options.speed === undefined ? new VirtualClock(startMs) : undefined;
  const clock =
    virtual ?? scaledClock({ factor: options.speed ?? 1, realEpochMs: startMs, clockEpochMs: startMs });
  const sample = readSample(appDir);
  const accountId = setting(sample, "DROP_STORAGE_ACCOUNT_ID");

  const azurite = await startAzurite({ log });
  const broker = await startBroker({
    entities: parseEntities(JSON.stringify(defaultEntities(queuesOf(sample), topicsOf(sample)))),
    clock: realClock,
    log,
  });
  const cloud = await startCompute({
    clock,
    seed: options.seed ?? newSubscription(accountId.split("/")[2] ?? ""),
    storage: { ...azurite, accountId },
    ...(options.recordFile === undefined ? {} : { recordFile: options.recordFile }),
    log,
  });
  const storage = BlobServiceClient.fromConnectionString(azurite.connectionString);
  await Promise.all(containersOf(sample).map((name) => storage.getContainerClient(name).createIfNotExists()));
  const settings: LocalSettings["Values"] = {
    ...sample.Values,
    AzureWebJobsStorage: azurite.connectionString,
    DropStorage: azurite.connectionString,
    ServiceBus: broker.connectionString,
    ARM_ENDPOINT: cloud.endpoint,
  };
  const host = await startHost({
    appDir,
    stateDir,
    settings,
    clock,
    log,
    fsync: false,
    blobPollMs: BLOB_POLL_MS,
  });
  const messages = new ServiceBusClient(broker.connectionString);
  const sender = messages.createSender(setting(sample, "CAPTURE_QUEUE"));

  const find = async (kind: Kind, name: string): Promise<RunDocument | undefined> => {
    if (kind !== "import") return getJson<RunDocument>(`${host.url}/api/${kind}s/${name}`);
    const list = await getJson<{ runs: readonly RunDocument[] }>(`${host.url}/api/runs?kind=import`);
    return list?.runs.find(({ id }) => id.startsWith(`${name}-`));
  };

  /** To the next timer, once nothing is under way that would set an earlier one. */
  const move = async () => {
    if (virtual === undefined) return sleep(20);
    await host.idle();
    // Requests and guests at work are in real time; so are messages on their way.
    await sleep(cloud.busy() ? 2 : 0);
    if (host.busy() || cloud.busy()) return;
    const due = virtual.nextDueMs();
    if (due !== undefined) virtual.advance(due - virtual.now());
  };

  return {
    hostUrl: host.url,
    subscriptionId: cloud.subscriptionId,
    compute: new ComputeManagementClient(
      undefined as unknown as ConstructorParameters<typeof ComputeManagementClient>[0],
      cloud.subscriptionId,
      { endpoint: cloud.endpoint, allowInsecureConnection: true },
    ),
    dropContainer: storage.getContainerClient(setting(sample, "DROP_CONTAINER")),
    lines,
    send: (messageId, body) => sender.sendMessages({ messageId, body }),
    async ended(kind, name) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const run = await find(kind, name);
        if (hasEnded(run)) return run;
        if (Date.now() > deadline)
          throw new Error(
            `The ${kind} ${name} has not ended: ${JSON.stringify(run)}\n${lines.slice(-20).join("\n")}`,
          );
        // A message on its way is in real time; a file is found by the host's own clock.
        if (run === undefined && kind !== "import") await sleep(5);
        // Asking is dearer than moving; a few moves past the end are harmless.
        else for (let step = 0; step < 6; step++) await move();
      }
    },
    async history(kind, id) {
      const url = `${host.url}/runtime/webhooks/durabletask/instances/${kind}-${id}?showHistory=true&showHistoryOutput=true&showInput=true`;
      const response = await fetch(url);
      if (response.status !== 200 && response.status !== 202) throw new Error(`${url}: ${response.status}`);
      return response.text();
    },
    async resources(group) {
      const path = `/subscriptions/${cloud.subscriptionId}/resourceGroups/${group}/resources`;
      const found: { type: string; name: string }[] = [];
      let url: string | undefined = `${cloud.endpoint}${path}?api-version=2021-04-01`;
      while (url !== undefined) {
        const page = (await (await fetch(url)).json()) as { value: typeof found; nextLink?: string };
        found.push(...page.value);
        url = page.nextLink;
      }
      return found;
    },
    async steer(rule) {
      const body = JSON.stringify(rule);
      const { status } = await fetch(`${cloud.endpoint}/_local/scenarios`, { method: "POST", body });
      if (status !== 200) throw new Error(`The simulator does not take the rule ${body}.`);
    },
    async writes() {
      const response = await fetch(`${cloud.endpoint}/_local/writes`);
      const { writes } = (await response.json()) as {
        writes: readonly { method: string; resource: string }[];
      };
      return writes;
    },
    async stop() {
      await messages.close();
      await host.stop();
      await Promise.all([cloud.stop(), broker.stop(), azurite.stop()]);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
