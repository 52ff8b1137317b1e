/** A topic: takes a message in like a queue and gives a copy to every subscription that has a rule for it. */
import type { Clock } from "../clock.js";
import { readFields } from "./codec.js";
import type { Entry } from "./entry.js";
import { Intake } from "./intake.js";
import type { Queue } from "./queue.js";
import { DEFAULT_RULE, passes, type Rule } from "./rules.js";
import type { EntityStore } from "./store.js";

export interface TopicSettings {
  readonly defaultTtlMs?: number;
  readonly duplicateWindowMs?: number;
}

/** A queue behind a topic, with the rules that let messages in. */
export class Subscription {
  readonly queue: Queue;
  readonly #configured: readonly Rule[];

  constructor(queue: Queue, configured: readonly Rule[] = [DEFAULT_RULE]) {
    this.queue = queue;
    this.#configured = configured;
  }

  get rules(): readonly Rule[] {
    return this.queue.store.rules ?? this.#configured;
  }

  /** Rules that a client has changed outlive the configuration they replaced. */
  setRules(rules: readonly Rule[]): void {
    this.queue.store.commit({ op: "rules", rules });
  }
}

export class Topic {
  readonly path: string;
  readonly intake: Intake;
  readonly store: EntityStore;
  readonly subscriptions: readonly Subscription[];

  constructor(options: {
    path: string;
    settings: TopicSettings;
    subscriptions: readonly Subscription[];
    store: EntityStore;
    clock: Clock;
  }) {
    const { path, settings, subscriptions, store, clock } = options;
    this.path = path;
    this.store = store;
    this.subscriptions = subscriptions;
    this.intake = new Intake({
      store,
      clock,
      defaultTtlMs: settings.defaultTtlMs,
      duplicateWindowMs: settings.duplicateWindowMs,
      activate: (entry) => this.#fanOut(entry),
    });
  }

  /** A message with a session's id is refused nowhere; one without cannot enter a subscription that requires it. */
  get requiresSession(): boolean {
    return this.subscriptions.some(({ queue }) => queue.settings.requiresSession);
  }

  #fanOut(entry: Entry): void {
    this.store.commit({ op: "sequence", last: entry.sequence });
    const fields = readFields(entry.bare);
    for (const { queue, rules } of this.subscriptions) {
      if (rules.some(({ filter }) => passes(filter, fields))) queue.intake.forward(entry, {});
    }
  }
}
