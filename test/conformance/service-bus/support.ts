/** A broker on a free port and an official client for it; both end with the test that made them. */
import { ServiceBusClient, type ServiceBusReceivedMessage } from "@azure/service-bus";
import { onTestFinished } from "vitest";
import { realClock, type Clock } from "../../../src/local/clock.js";
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
  options: Partial<Omit<BrokerOptions, "entities" | "log">> & { clock?: Clock } = {},
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
