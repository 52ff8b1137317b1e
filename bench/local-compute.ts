/** How fast the Compute simulator answers: plain reads, writes with their journal, and whole operations. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { scaledClock } from "../src/local/clock.js";
import { startCompute } from "../src/local/compute/compute.js";

export interface Measure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

const REQUESTS = 2000;
const AT_ONCE = 8;
const API = "?api-version=2024-07-01";

async function perSecond(request: (index: number) => Promise<Response>): Promise<number> {
  const startedMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < REQUESTS) {
      const response = await request(next++);
      if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return Math.round((REQUESTS / (performance.now() - startedMs)) * 1000);
}

export async function run(): Promise<readonly Measure[]> {
  const stateDir = mkdtempSync(path.join(tmpdir(), "bench-compute-"));
  const startMs = performance.now();
  const simulator = await startCompute({
    clock: scaledClock({ factor: 600, realEpochMs: Date.now(), clockEpochMs: Date.now() }),
    stateDir,
    throttling: false,
    log: () => undefined,
    seed: {
      resourceGroups: [{ name: "rg", location: "westeurope" }],
      vms: [{ name: "vm", osType: "Linux" }],
    },
  });
  const startUpMs = performance.now() - startMs;
  const base = `${simulator.endpoint}/subscriptions/${simulator.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute`;
  const snapshot = JSON.stringify({
    location: "westeurope",
    properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
  });
  try {
    const reads = await perSecond(() => fetch(`${base}/virtualMachines/vm/instanceView${API}`));
    const writes = await perSecond((index) =>
      fetch(`${base}/snapshots/s${index}${API}`, { method: "PUT", body: snapshot }),
    );
    const lists = await perSecond(() => fetch(`${base}/virtualMachines${API}`));
    return [
      { what: "Compute: reads", value: reads, unit: "requests/s" },
      { what: "Compute: durable writes", value: writes, unit: "requests/s" },
      { what: `Compute: lists beside ${REQUESTS} resources`, value: lists, unit: "requests/s" },
      { what: "Compute: start-up", value: Math.round(startUpMs), unit: "ms" },
    ];
  } finally {
    await simulator.stop();
    rmSync(stateDir, { recursive: true });
  }
}
