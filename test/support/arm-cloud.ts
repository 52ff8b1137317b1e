/**
 * The runbooks over the real activities, the real adapters and Microsoft's SDK, against the Compute simulator: time is
 * the runbook's own, and the simulated cloud runs ahead of it. What lies in storage is kept in memory here.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ComputeManagementClient } from "@azure/arm-compute";
import { captureActivities } from "../../src/activities/capture.js";
import { imageActivities } from "../../src/activities/images.js";
import { inspectionActivities } from "../../src/activities/inspection.js";
import { restoreActivities } from "../../src/activities/restore.js";
import { armBackups } from "../../src/adapters/arm/backups.js";
import type { Arm } from "../../src/adapters/arm/client.js";
import { arm } from "../../src/adapters/arm/client.js";
import type { GuestScripts } from "../../src/adapters/arm/guests.js";
import { armGuests } from "../../src/adapters/arm/guests.js";
import { armImages } from "../../src/adapters/arm/images.js";
import { armInspection } from "../../src/adapters/arm/inspection.js";
import { armResources } from "../../src/adapters/arm/resources.js";
import { armSourceVms } from "../../src/adapters/arm/source-vms.js";
import { armSurroundings } from "../../src/adapters/arm/surroundings.js";
import { armTestVms } from "../../src/adapters/arm/test-vms.js";
import { armVirtualMachines } from "../../src/adapters/arm/virtual-machines.js";
import { VirtualClock } from "../../src/local/clock.js";
import type { Seed } from "../../src/local/compute/compute.js";
import { startCompute } from "../../src/local/compute/compute.js";
import type { RunStore } from "../../src/ports/run-store.js";
import type { SealMarkers } from "../../src/ports/seal-markers.js";
import type { VmHolds } from "../../src/ports/vm-holds.js";
import type { ScriptedActivity } from "./run-orchestration.js";

function memoryRuns(): RunStore {
  const documents = new Map<string, Uint8Array>();
  const key = (runId: string, name: string) => `${runId}/${name}`;
  return {
    put: (runId, name, bytes) => Promise.resolve(void documents.set(key(runId, name), bytes)),
    putOnce(runId, name, bytes) {
      const known = documents.get(key(runId, name));
      if (known === undefined) documents.set(key(runId, name), bytes);
      return Promise.resolve(known ?? bytes);
    },
    get: (runId, name) => Promise.resolve(documents.get(key(runId, name))),
    list: (runId, prefix = "") =>
      Promise.resolve(
        [...documents.keys()]
          .filter((name) => name.startsWith(key(runId, prefix)))
          .map((name) => name.slice(runId.length + 1)),
      ),
    removeAll(runId) {
      for (const name of documents.keys()) if (name.startsWith(`${runId}/`)) documents.delete(name);
      return Promise.resolve();
    },
  };
}

function memoryHolds(): VmHolds {
  const places: { hold: string; runId: string }[] = [];
  const lineOf = (hold: string) => places.filter((place) => place.hold === hold).map(({ runId }) => runId);
  const evict = (hold: string, runId: string): Promise<void> => {
    const index = places.findIndex((place) => place.hold === hold && place.runId === runId);
    if (index >= 0) places.splice(index, 1);
    return Promise.resolve();
  };
  return {
    hold(vmId, runId) {
      const hold = vmId.toLowerCase();
      if (!lineOf(hold).includes(runId)) places.push({ hold, runId });
      const line = lineOf(hold);
      return Promise.resolve({ heldBy: line[0] ?? runId, ahead: line.indexOf(runId) });
    },
    release: (vmId, runId) => evict(vmId.toLowerCase(), runId),
    list: () => Promise.resolve([...places]),
    evict,
  };
}

/** Where guests put their markers: by real requests, as the simulator's guests make them. */
async function markerStore() {
  const markers = new Map<string, unknown>();
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      markers.set((request.url ?? "").split("?")[0] ?? "", JSON.parse(text));
      response.writeHead(201).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const port: SealMarkers = {
    uploadUrl: (runId) => Promise.resolve(`${base}/${runId}?sig=secret`),
    read: (runId) => Promise.resolve(markers.get(`/${runId}`)),
  };
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { port, close };
}

const contractOf = (name: string) =>
  `#!/bin/sh\n# guest-contract: ${name}/1\n# parameters: runId\n# result: JSON\n`;
const family = (os: "linux" | "windows") => ({
  preflight: contractOf(`preflight-${os}`),
  seal: contractOf(`seal-${os}`),
  "seal-log": contractOf(`seal-log-${os}`),
  audit: contractOf(`audit-${os}`),
});
const SCRIPTS: GuestScripts = { Linux: family("linux"), Windows: family("windows") };

export type Write = Readonly<Record<"method" | "operation" | "resource", string>> & {
  readonly status: number;
};

/** Where the pipeline keeps what is not in Resource Manager. */
export interface Stores {
  readonly runs: RunStore;
  readonly holds: VmHolds;
  readonly markers: SealMarkers;
  readonly close: () => Promise<void>;
}

async function memoryStores(): Promise<Stores> {
  const { port, close } = await markerStore();
  return { runs: memoryRuns(), holds: memoryHolds(), markers: port, close };
}

/** Azure's seconds to one of the runbook: each question less is a whole history that is not replayed. */
const PACE = 8;

export async function openCloud(seed: Seed, stores?: Stores, allowedTargets: readonly string[] = []) {
  const clock = new VirtualClock();
  const simulator = await startCompute({ clock, seed, throttling: false, log: () => undefined });
  const { runs, holds, markers, close } = stores ?? (await memoryStores());
  const cloud: Arm = arm({
    endpoint: simulator.endpoint,
    credential: { getToken: () => Promise.resolve(null) },
  });
  const backups = armBackups(cloud);
  const registrations = [
    ...captureActivities({
      vms: armVirtualMachines(cloud),
      backups,
      guests: armGuests(cloud, SCRIPTS),
      markers,
      holds,
      runs,
    }),
    ...inspectionActivities({
      inspection: armInspection(cloud),
      surroundings: armSurroundings(cloud),
      runs,
    }),
    ...restoreActivities({ sources: armSourceVms(cloud), backups, runs }),
    ...imageActivities({
      images: armImages(cloud),
      resources: armResources(cloud),
      testVms: armTestVms(cloud),
      allowedTargets,
    }),
  ];
  const client = new ComputeManagementClient(undefined as never, simulator.subscriptionId, {
    endpoint: simulator.endpoint,
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  const turn = () => new Promise((resolve) => void setImmediate(resolve));
  const quiet = async () => {
    do await turn();
    while (simulator.busy());
  };
  /** The cloud's time, second by second where its guests have something to do. */
  const passTo = async (endMs: number) => {
    while (clock.now() < endMs) {
      const due = Math.min(endMs, Math.max(clock.now(), clock.nextDueMs() ?? endMs));
      clock.advance(due - clock.now());
      await quiet();
    }
  };
  const id = (type: string, name: string, group = "rg") =>
    `/subscriptions/${simulator.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/${type}/${name}`;
  const networkId = (type: string, name: string, group = "rg") =>
    id("", "", group).replace("Microsoft.Compute//", `Microsoft.Network/${type}/${name}`);
  const local = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${simulator.endpoint}/_local/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  /** Any resource or list of Microsoft.Network; undefined when it is not there. */
  const network = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(`${simulator.endpoint}${path}?api-version=2024-05-01`);
    return response.status === 200 ? ((await response.json()) as T) : undefined;
  };
  return {
    cloud,
    client,
    network,
    runs,
    holds,
    id,
    networkId,
    local,
    passTo,
    now: () => clock.now(),
    /** For runOrchestration: every activity as it is, at the runbook's time, through JSON as in a history. */
    activities(): Record<string, ScriptedActivity> {
      const beganMs = clock.now();
      // Whether a run has ended is Durable's to know, and none is here.
      const holders = { name: "releaseEnded", handler: () => Promise.resolve(false) };
      return Object.fromEntries(
        [...registrations, holders].map(({ name, handler }): [string, ScriptedActivity] => [
          name,
          async (input, { atMs }) => {
            await passTo(beganMs + PACE * atMs);
            return handler(input);
          },
        ]),
      );
    },
    async writes(): Promise<readonly Write[]> {
      return ((await local("GET", "writes")) as { writes: Write[] }).writes;
    },
    async close() {
      await simulator.stop();
      await close();
    },
  };
}

export type Cloud = Awaited<ReturnType<typeof openCloud>>;
