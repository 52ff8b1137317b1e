/**
 * The local environment in processes, as built, for imports that are disturbed: the app reaches its storage over a wire
 * that a test can cut, and its host dies when a test says so and is started again.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBusClient } from "@azure/service-bus";
import { BlobServiceClient } from "@azure/storage-blob";
import type { RunEvent } from "../../src/domain/run-event.js";
import type { LocalSettings } from "../../src/local/cloud/app-settings.js";
import { setting } from "../../src/local/cloud/app-settings.js";
import { readConnections, settingsFile, writeJson } from "../../src/local/cloud/connections.js";
import { getJson, hasEnded, type RunDocument } from "../../src/local/demo/runs.js";
import { startChild } from "../../src/local/start/child.js";
import { faultyWire } from "./faulty-wire.js";

const appDir = process.cwd();
const built = (path: string) => join(appDir, "dist/local", path);

/** Real time in which a run must end, however often its host dies and whatever the machine is busy with. */
const PATIENCE_MS = 120_000;

export type ImportHouse = Awaited<ReturnType<typeof openImportHouse>>;

export async function openImportHouse(changes: LocalSettings["Values"]) {
  if (!existsSync(built("functions-host/main.js")))
    throw new Error("Pipeline tests run the app as it is built: npm run build first.");
  const stateDir = mkdtempSync(join(tmpdir(), "import-house-"));
  const lines: string[] = [];
  const start = (name: string, script: string, args: readonly string[]) =>
    startChild({ name, script: built(script), args, onLogLine: (line) => void lines.push(line) });
  const cloud = await start("cloud", "cloud/main.js", [
    ...["--app", appDir, "--state", stateDir, "--ports", "free", "--speed", "1000"],
  ]);
  const connections = readConnections(stateDir);
  const wire = await faultyWire(connections.storage.blobEndpoint);
  // Azure knows the account by its own address, and not by the wire's.
  const compute = await faultyWire(connections.compute.endpoint, (text) =>
    text.replaceAll(wire.endpoint, connections.storage.blobEndpoint),
  );
  const given = JSON.parse(readFileSync(settingsFile(stateDir), "utf8")) as LocalSettings;
  const { connectionString } = connections.storage;
  const settings: LocalSettings = {
    ...given,
    Values: {
      ...given.Values,
      DropStorage: connectionString.replace(/BlobEndpoint=[^;]*/, `BlobEndpoint=${wire.endpoint}`),
      ARM_ENDPOINT: compute.endpoint.replace(/\/$/, ""),
      ...changes,
    },
  };
  const ownSettings = join(stateDir, "disturbed.settings.json");
  writeJson(ownSettings, settings);
  const startHost = (port: number) =>
    start("host", "functions-host/main.js", [
      ...["--app", appDir, "--state", join(stateDir, "host"), "--port", String(port)],
      ...["--settings", ownSettings, "--clock", connections.clockFile, "--blob-poll-ms", "100"],
      // What a process wrote outlives its death: only a machine that goes down takes what is not synced with it.
      "--no-fsync",
    ]);
  let host = await startHost(0);
  const hostUrl = String(host.ready["url"]);
  let restarted: Promise<void> = Promise.resolve();
  let restarting = false;

  const runsOf = async (stem: string) => {
    const list = await getJson<{ runs: readonly RunDocument[] }>(`${hostUrl}/api/runs?kind=import`);
    return (list?.runs ?? []).filter(({ id }) => id.startsWith(`${stem}-`));
  };
  return {
    wire,
    /** The app's wire to Azure itself. */
    azure: compute,
    lines,
    storage: BlobServiceClient.fromConnectionString(connectionString),
    dropContainer: setting(settings, "DROP_CONTAINER"),
    /** As `kill -9`; a new host takes over at the same address. Only of a host that is up. */
    killHost() {
      restarting = true;
      host.kill();
      restarted = host.ended.then(async () => {
        host = await startHost(Number(new URL(hostUrl).port));
        restarting = false;
      });
    },
    async hostIsUp() {
      while (restarting) await restarted;
    },
    runsOf,
    /** All runs of files with this stem, once there are so many and all have ended. */
    async ended(stem: string, count: number): Promise<readonly RunDocument[]> {
      for (const deadline = Date.now() + PATIENCE_MS; ;) {
        const runs = await runsOf(stem);
        if (runs.length >= count && runs.every((run) => hasEnded(run))) return runs;
        if (Date.now() > deadline)
          throw new Error(`Not ended: ${JSON.stringify(runs)}\n${lines.slice(-20).join("\n")}`);
        await sleep(50);
      }
    },
    /** What is left in the container of prepared disks. */
    async prepared(): Promise<string[]> {
      const names: string[] = [];
      const work = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(
        setting(settings, "WORK_CONTAINER"),
      );
      for await (const { name } of work.listBlobsFlat()) names.push(name);
      return names;
    },
    /** Every managed image that Compute was ever asked to make. */
    async imagesAsked(): Promise<string[]> {
      const response = await fetch(`${connections.compute.endpoint}/_local/writes`);
      const { writes } = (await response.json()) as { writes: { method: string; resource: string }[] };
      const asked = writes.filter(({ method, resource }) => method === "PUT" && /\/images\//i.test(resource));
      return [...new Set(asked.map(({ resource }) => resource))];
    },
    /** What a subscriber hears of the runs of files with this stem, once it is so much. */
    async told(stem: string, count: number): Promise<readonly RunEvent[]> {
      const client = new ServiceBusClient(connections.serviceBus.connectionString);
      const receiver = client.createReceiver(setting(settings, "EVENTS_TOPIC"), "all", {
        receiveMode: "receiveAndDelete",
      });
      const heard: RunEvent[] = [];
      for (const deadline = Date.now() + PATIENCE_MS; heard.length < count && Date.now() < deadline;) {
        // One at a time: a batch waits a second for others.
        const messages = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2000 });
        const events = messages.map(({ body }) => body as RunEvent);
        heard.push(...events.filter(({ runId }) => runId.startsWith(`${stem}-`)));
      }
      await client.close();
      return heard;
    },
    async close() {
      await restarted;
      await host.stop(2000);
      await cloud.stop(2000);
      await Promise.all([wire.close(), compute.close()]);
      rmSync(stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
