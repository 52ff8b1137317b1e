/** How fast the Compute simulator answers: plain reads, writes with their journal, and lists. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { scaledClock } from "../src/local/clock.js";
import { startCompute } from "../src/local/compute/compute.js";
import { type Baseline, rate, type Row, rowOf, sideBySide, timed } from "./measure.js";

const REQUESTS = 2000;
const AT_ONCE = 8;
const API = "?api-version=2024-07-01";

const perSecond = (request: (index: number) => Promise<Response>): Promise<number> =>
  rate(REQUESTS, () =>
    sideBySide(REQUESTS, AT_ONCE, async (index) => {
      const response = await request(index);
      if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
      await response.arrayBuffer();
    }),
  );

export async function run(): Promise<readonly Row[]> {
  const stateDir = mkdtempSync(path.join(tmpdir(), "bench-compute-"));
  const [simulator, startUpMs] = await timed(() =>
    startCompute({
      clock: scaledClock({ factor: 600, realEpochMs: Date.now(), clockEpochMs: Date.now() }),
      stateDir,
      throttling: false,
      log: () => undefined,
      seed: {
        resourceGroups: [{ name: "rg", location: "westeurope" }],
        vms: [{ name: "vm", osType: "Linux" }],
      },
    }),
  );
  const base = `${simulator.endpoint}/subscriptions/${simulator.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute`;
  const snapshot = JSON.stringify({
    location: "westeurope",
    properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
  });
  const read = () => fetch(`${base}/virtualMachines/vm/instanceView${API}`);
  try {
    const baseline = await bareServer(await (await read()).text());
    const reads = await perSecond(read);
    const writes = await perSecond((index) =>
      fetch(`${base}/snapshots/s${index}${API}`, { method: "PUT", body: snapshot }),
    );
    const lists = await perSecond(() => fetch(`${base}/virtualMachines${API}`));
    return [
      rowOf({ what: "Compute: ARM requests that read", value: reads, unit: "/s", baseline }),
      rowOf({ what: "Compute: ARM requests that write, durable", value: writes, unit: "/s", baseline }),
      rowOf({ what: `Compute: lists beside ${REQUESTS} resources`, value: lists, unit: "/s", baseline }),
      rowOf({ what: "Compute: start-up", value: startUpMs, unit: "ms" }),
    ];
  } finally {
    await simulator.stop();
    rmSync(stateDir, { recursive: true });
  }
}

/** The same bytes through the same client, from a server that does nothing else. */
async function bareServer(body: string): Promise<Baseline> {
  const server = createServer((_, response) => response.end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const value = await perSecond(() => fetch(url));
  server.closeAllConnections();
  server.close();
  return { name: "a bare Node server", value };
}
