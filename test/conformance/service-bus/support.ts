/** A broker on a free port and an official client for it; both end with the test that made them. */
import { EventEmitter, once } from "node:events";
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { onTestFinished } from "vitest";
import { realClock, VirtualClock } from "../../../src/local/clock.js";
import { startBroker, type Broker, type BrokerOptions } from "../../../src/local/service-bus/broker.js";
import { parseEntities } from "../../../src/local/service-bus/config.js";
import type { LogLine } from "../../../src/local/service-bus/log-line.js";

export interface Setup {
  readonly queues?: Readonly<Record<string, object>>;
  readonly topics?: Readonly<
    Record<string, { properties?: object; subscriptions: Readonly<Record<string, object>> }>
  >;
}

/** A Config.json with these entities; a subscription's `Rules` stand beside its properties. */
export function configText({ queues = {}, topics = {} }: Setup): string {
  return JSON.stringify({
    UserConfig: {
      Namespaces: [
        {
          Name: "sbemulatorns",
          Queues: Object.entries(queues).map(([Name, Properties]) => ({ Name, Properties })),
          Topics: Object.entries(topics).map(([Name, { properties = {}, subscriptions }]) => ({
            Name,
            Properties: properties,
            Subscriptions: Object.entries(subscriptions).map(([subscription, all]) => {
              const { Rules, ...Properties } = all as { Rules?: object[] };
              return { Name: subscription, Properties, ...(Rules && { Rules }) };
            }),
          })),
        },
      ],
    },
  });
}

export interface TestBroker extends Broker {
  readonly logs: LogLine[];
  connect(): ServiceBusClient;
}

export async function runBroker(
  setup: Setup = { queues: { q: {} } },
  options: Partial<Omit<BrokerOptions, "entities" | "log">> = {},
): Promise<TestBroker> {
  const logs: LogLine[] = [];
  const entities = parseEntities(configText(setup));
  const broker = await startBroker({
    clock: realClock,
    ...options,
    entities,
    log: (line) => logs.push(line),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= broker.stop());
  onTestFinished(stop);
  return { ...broker, stop, logs, connect: () => connect(broker.connectionString) };
}

/** A clock that stands still at the time the client believes it is, since the client's clock is the machine's. */
export const standingClock = (): VirtualClock => new VirtualClock(Date.now());

/** Retries fast: the SDK's own first pause of 30 s would hide a restarted broker for that long. */
export function connect(connectionString: string): ServiceBusClient {
  const client = new ServiceBusClient(connectionString, {
    retryOptions: { retryDelayInMs: 50, maxRetries: 1, timeoutInMs: 10_000 },
  });
  onTestFinished(() => client.close());
  return client;
}

export const bodies = (messages: readonly ServiceBusReceivedMessage[]): unknown[] =>
  messages.map(({ body }) => body as unknown);

/** Waits for exactly so many messages, however the client cuts them into batches. */
export async function receive(
  receiver: ServiceBusReceiver,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const received: ServiceBusReceivedMessage[] = [];
  while (received.length < count) {
    const more = await receiver.receiveMessages(count - received.length, { maxWaitTimeInMs: 5000 });
    if (more.length === 0) throw new Error(`Received ${received.length} messages of ${count} expected.`);
    received.push(...more);
  }
  return received;
}

export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receive(receiver, 1);
  return message!;
}

/** What is there right now. Waits as little as the client can. */
export const receiveNothing = (receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage[]> =>
  receiver.receiveMessages(1, { maxWaitTimeInMs: 30 });

/** Settles when `count` calls were made. */
export function countdown(count: number): { done: Promise<void>; tick: () => void } {
  const counter = new EventEmitter();
  let left = count;
  const done = once(counter, "zero").then(() => undefined);
  const tick = () => {
    if (--left === 0) counter.emit("zero");
  };
  return { done, tick };
}
