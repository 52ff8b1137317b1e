/**
 * The local cloud: storage, Service Bus and Compute in one process, over one state folder.
 *
 *   clock.json            the time that Compute and the host share (Service Bus and storage live in real time)
 *   storage/ service-bus/ compute/    the state of each
 *   connections.json      how to reach them; local.settings.json: the same, as the app's settings
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { realClock } from "../clock.js";
import { lockState } from "../state-lock.js";
import { startCompute } from "../compute/compute.js";
import type { Seed } from "../compute/seed.js";
import { startBroker } from "../service-bus/broker.js";
import { parseEntities } from "../service-bus/config.js";
import { startAzurite } from "../storage/azurite.js";
import type { LocalSettings } from "./app-settings.js";
import { containersOf, queuesOf, readSample, setting, settingsFor, topicsOf } from "./app-settings.js";
import type { ClockFile } from "./clock-file.js";
import { openClockFile } from "./clock-file.js";
import type { Connections } from "./connections.js";
import { connectionsFile, settingsFile, writeJson } from "./connections.js";
import { defaultEntities } from "./entities.js";
import type { CloudPorts } from "./ports.js";
import { newSubscription } from "./seed.js";

export interface CloudOptions {
  readonly appDir: string;
  readonly stateDir: string;
  readonly ports: CloudPorts;
  /** How much faster than the machine Compute's time runs; absent: as last time, at first 1. */
  readonly speed?: number;
  readonly seed?: Seed;
  readonly entitiesFile?: string;
  readonly recordFile?: string;
  /** Logs the bodies of requests to Compute too. */
  readonly verbose?: boolean;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Cloud {
  readonly connections: Connections;
  readonly settings: LocalSettings;
  stop(): Promise<void>;
}

/** Starts in order, and undoes in reverse order what was started when the rest fails, or at the end. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { stateDir } = options;
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (let undo = stops.pop(); undo !== undefined; undo = stops.pop()) await undo();
  };
  const lock = lockState(stateDir, "cloud.pid");
  stops.push(() => lock.release());
  try {
    const clockFile = openClockFile(join(stateDir, "clock.json"), options.speed);
    stops.push(() => clockFile.close());
    const log: CloudOptions["log"] = (line) =>
      options.log({ at: new Date(clockFile.clock.now()).toISOString(), ...line });
    const sample = readSample(options.appDir);
    const connections = await startServices({ ...options, log }, sample, clockFile, stops);
    const settings = settingsFor(sample, connections);
    await createContainers(connections, containersOf(settings));
    writeJson(connectionsFile(stateDir), connections);
    writeJson(settingsFile(stateDir), settings);
    log({
      level: "info",
      event: "cloud-started",
      compute: connections.compute.endpoint,
      speed: clockFile.factor,
    });
    return { connections, settings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServices(
  { stateDir, ports, seed, entitiesFile, recordFile, verbose = false, log }: CloudOptions,
  sample: LocalSettings,
  clockFile: ClockFile,
  stops: (() => unknown)[],
): Promise<Connections> {
  const storageDir = join(stateDir, "storage");
  const azurite = await startAzurite({
    stateDir: storageDir,
    ports,
    log: (message) => log({ level: "info", event: "storage", message }),
  });
  stops.push(() => azurite.stop());

  const broker = await startBroker({
    port: ports.serviceBus,
    entities: parseEntities(
      entitiesFile === undefined
        ? JSON.stringify(defaultEntities(queuesOf(sample), topicsOf(sample)))
        : readFileSync(entitiesFile, "utf8"),
    ),
    journalDir: folder(stateDir, "service-bus"),
    clock: realClock,
    log,
  });
  stops.push(() => broker.stop());

  const accountId = setting(sample, "DROP_STORAGE_ACCOUNT_ID");
  const compute = await startCompute({
    port: ports.compute,
    clock: clockFile.clock,
    stateDir: folder(stateDir, "compute"),
    seed: seed ?? newSubscription(subscriptionIn(accountId)),
    subnets: [setting(sample, "WORK_SUBNET_ID")],
    storage: {
      accountId,
      blobEndpoint: azurite.blobEndpoint,
      accountName: azurite.accountName,
      accountKey: azurite.accountKey,
    },
    ...(recordFile === undefined ? {} : { recordFile }),
    // A client's poller waits in real time: told to wait 36 s of a faster clock's time, it would sleep through hours.
    pollRetryAfter: clockFile.factor === 1,
    log: (message) => log({ level: "info", event: "compute", message }),
    logRequest: (request) => log({ level: "info", event: "request", ...request }),
    ...(verbose ? { logBodies: (bodies) => log({ level: "debug", event: "bodies", ...bodies }) } : {}),
  });
  stops.push(() => compute.stop());

  return {
    storage: {
      connectionString: azurite.connectionString,
      blobEndpoint: azurite.blobEndpoint,
      queueEndpoint: azurite.queueEndpoint,
      tableEndpoint: azurite.tableEndpoint,
      accountId,
    },
    serviceBus: { connectionString: broker.connectionString },
    compute: { endpoint: compute.endpoint },
    subscriptionId: compute.subscriptionId,
    clockFile: join(stateDir, "clock.json"),
    speed: clockFile.factor,
  };
}

/** `/subscriptions/{id}/…` */
const subscriptionIn = (resourceId: string): string => resourceId.split("/")[2] ?? "";

function folder(stateDir: string, name: string): string {
  const path = join(stateDir, name);
  mkdirSync(path, { recursive: true });
  return path;
}

async function createContainers({ storage }: Connections, names: readonly string[]): Promise<void> {
  const client = BlobServiceClient.fromConnectionString(storage.connectionString);
  await Promise.all(names.map((name) => client.getContainerClient(name).createIfNotExists()));
}
