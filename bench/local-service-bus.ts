/**
 * The embedded Service Bus through the official client, in one process: messages of 1 KiB per second, and how long
 * one takes from send to handler. Rates of different machines compare by their ratio to the baseline of the same run.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBusClient, type ServiceBusReceiver, type ServiceBusSender } from "@azure/service-bus";
import { realClock } from "../src/local/clock.js";
import { startBroker } from "../src/local/service-bus/broker.js";
import { parseEntities } from "../src/local/service-bus/config.js";
import { type Baseline, rate, type Row, rowOf } from "./measure.js";

const BODY = Buffer.alloc(1024, 7);

export async function run(): Promise<readonly Row[]> {
  const baseline: Baseline = { name: "TCP echo of 1 KiB, awaited", value: await measureEcho(3000) };
  const directory = mkdtempSync(join(tmpdir(), "service-bus-bench-"));
  try {
    const variants = [
      ["in memory", await measureBroker({})],
      ["with its journal", await measureBroker({ journalDir: join(directory, "journal") })],
      ["synced", await measureBroker({ journalDir: join(directory, "synced"), fsync: true })],
    ] as const;
    return variants.flatMap(([variant, { rates, latencyMs }]) => [
      ...Object.entries(rates).map(([what, value]) =>
        rowOf({ what: `Service Bus ${variant}: messages ${what}`, value, unit: "/s", baseline }),
      ),
      rowOf({
        what: `Service Bus ${variant}: from send to handler, p50`,
        value: latencyMs,
        unit: "ms",
        baseline: { name: "one TCP echo", value: 1000 / baseline.value },
      }),
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Measured {
  readonly rates: Readonly<Record<string, number>>;
  readonly latencyMs: number;
}

async function measureBroker(storage: { journalDir?: string; fsync?: boolean }): Promise<Measured> {
  const entities = parseEntities(
    JSON.stringify({
      UserConfig: { Namespaces: [{ Name: "bench", Queues: [{ Name: "q" }, { Name: "latency" }] }] },
    }),
  );
  const broker = await startBroker({ entities, clock: realClock, log: () => undefined, ...storage });
  const client = new ServiceBusClient(broker.connectionString);
  try {
    const sender = client.createSender("q");
    await sendAwaited(sender, 200);
    const awaited = await rate(1000, () => sendAwaited(sender, 1000));
    const inFlight = await rate(5000, () => sendInFlight(sender, 5000, 50));
    const received = await rate(5000, () => receiveAndComplete(client.createReceiver("q"), 5000));
    return {
      rates: {
        "sent one by one": awaited,
        "sent, 50 in flight": inFlight,
        "received and completed": received,
      },
      latencyMs: await medianLatencyMs(client, 500),
    };
  } finally {
    await client.close();
    await broker.stop();
  }
}

async function sendAwaited(sender: ServiceBusSender, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await sender.sendMessages({ body: BODY });
}

async function sendInFlight(sender: ServiceBusSender, count: number, lanes: number): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, () => sendAwaited(sender, count / lanes)));
}

async function receiveAndComplete(receiver: ServiceBusReceiver, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const messages = await receiver.receiveMessages(Math.min(100, left), { maxWaitTimeInMs: 5000 });
    await Promise.all(messages.map((message) => receiver.completeMessage(message)));
    left -= messages.length;
  }
}

async function medianLatencyMs(client: ServiceBusClient, count: number): Promise<number> {
  const sender = client.createSender("latency");
  const latencies: number[] = [];
  let arrived: (() => void) | undefined;
  // Without settlements: one under way when the client closes would keep the process for a minute.
  const receiver = client.createReceiver("latency", { receiveMode: "receiveAndDelete" });
  const subscription = receiver.subscribe({
    processMessage: () => {
      arrived?.();
      return Promise.resolve();
    },
    processError: ({ error }) => Promise.reject(error),
  });
  for (let n = 0; n < count; n++) {
    const startMs = performance.now();
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    await sender.sendMessages({ body: BODY });
    await arrival;
    latencies.push(performance.now() - startMs);
  }
  await subscription.close();
  return latencies.sort((a, b) => a - b)[Math.floor(count / 2)]!;
}

async function measureEcho(count: number): Promise<number> {
  const server = createServer((socket) => socket.setNoDelay(true).pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").setNoDelay(true);
  await once(socket, "connect");
  const echoed = await rate(count, async () => {
    for (let n = 0; n < count; n++) {
      socket.write(BODY);
      for (let bytes = 0; bytes < BODY.length;) bytes += ((await once(socket, "data")) as [Buffer])[0].length;
    }
  });
  socket.destroy();
  server.close();
  return echoed;
}
