/** The entities of a configuration, built on their stores, and what an AMQP address means among them. */
import type { Clock } from "../clock.js";
import type { Entities } from "./config.js";
import type { Journal } from "./journal.js";
import { Queue, type QueueSettings } from "./queue.js";
import { Subscription, Topic } from "./topic.js";

export const DEAD_LETTER_QUEUE = "$DeadLetterQueue";

/** What an address means: JavaScript's client sends a path, .NET's one from the root, Python's a whole URI. */
export const pathOf = (address: string): string => address.replace(/^(?:[a-z]+:\/\/[^/]*)?\//i, "");

export type Entity =
  | { readonly kind: "queue"; readonly queue: Queue }
  | { readonly kind: "subscription"; readonly queue: Queue; readonly subscription: Subscription }
  | { readonly kind: "topic"; readonly topic: Topic };

export interface EntityCounts {
  readonly path: string;
  readonly active: number;
  readonly deadLettered: number;
  readonly scheduled: number;
  readonly deferred: number;
}

export interface Namespace {
  /** Names are compared without regard to case, as the service does. */
  find(address: string): Entity | undefined;
  /** Paths the journal holds messages of, but the configuration does not name: kept, and unreachable. */
  orphans(): { path: string; messages: number }[];
  counts(): EntityCounts[];
  start(): void;
  stop(): void;
}

export function createNamespace(entities: Entities, journal: Journal, clock: Clock): Namespace {
  const byAddress = new Map<string, Entity>();
  const queues: Queue[] = [];
  const topics: Topic[] = [];

  const addQueue = (path: string, settings: QueueSettings): Queue => {
    const deadLetterPath = `${path}/${DEAD_LETTER_QUEUE}`;
    const deadLetters = new Queue({
      path: deadLetterPath,
      settings: {
        lockDurationMs: settings.lockDurationMs,
        maxDeliveryCount: Infinity,
        requiresSession: false,
        onExpiry: "keep",
      },
      store: journal.store(deadLetterPath),
      clock,
    });
    const queue = new Queue({ path, settings, store: journal.store(path), deadLetters, clock });
    queues.push(queue);
    byAddress.set(deadLetterPath.toLowerCase(), { kind: "queue", queue: deadLetters });
    return queue;
  };

  for (const { name, settings } of entities.queues) {
    byAddress.set(name.toLowerCase(), { kind: "queue", queue: addQueue(name, settings) });
  }
  for (const { name, settings, subscriptions } of entities.topics) {
    const made = subscriptions.map((one) => {
      const queue = addQueue(`${name}/Subscriptions/${one.name}`, one.settings);
      const subscription = new Subscription(queue, one.rules);
      byAddress.set(queue.path.toLowerCase(), { kind: "subscription", queue, subscription });
      return subscription;
    });
    const topic = new Topic({ path: name, settings, subscriptions: made, store: journal.store(name), clock });
    topics.push(topic);
    byAddress.set(name.toLowerCase(), { kind: "topic", topic });
  }
  const everyQueue = queues.flatMap((queue) => (queue.deadLetters ? [queue.deadLetters, queue] : [queue]));

  return {
    find: (address) => byAddress.get(pathOf(address).toLowerCase()),
    orphans: () =>
      journal
        .paths()
        .map((path) => ({ path, messages: journal.store(path).entries.size }))
        .filter(({ path, messages }) => messages > 0 && !byAddress.has(path.toLowerCase())),
    counts: () => [
      ...queues.map((queue) => ({
        path: queue.path,
        ...queue.counts(),
        deadLettered: queue.deadLetters?.store.entries.size ?? 0,
      })),
      ...topics.map(({ path, store }) => ({
        path,
        active: 0,
        deadLettered: 0,
        scheduled: store.entries.size,
        deferred: 0,
      })),
    ],
    start() {
      for (const queue of everyQueue) queue.start();
      for (const topic of topics) topic.intake.start();
    },
    stop() {
      for (const queue of everyQueue) queue.stop();
      for (const topic of topics) topic.intake.stop();
    },
  };
}
