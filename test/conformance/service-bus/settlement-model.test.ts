/** Any sequence of sends, receives, settlements, waits and kills leaves the queue where a model of it in a few lines is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import rhea from "rhea";
import { expect, onTestFinished, test } from "vitest";
import { VirtualClock } from "../../../src/local/clock.js";
import { decodeIncoming } from "../../../src/local/service-bus/codec.js";
import { parseEntities } from "../../../src/local/service-bus/config.js";
import type { Entry } from "../../../src/local/service-bus/entry.js";
import { openJournal, type Journal } from "../../../src/local/service-bus/journal.js";
import type { Handout } from "../../../src/local/service-bus/lanes.js";
import { createNamespace } from "../../../src/local/service-bus/namespace.js";
import type { Settlement } from "../../../src/local/service-bus/queue.js";
import { configText } from "./support.js";

const LOCK_MS = 30_000;
const MAX_DELIVERY_COUNT = 3;
const ENTITIES = parseEntities(
  configText({ queues: { q: { LockDuration: "PT30S", MaxDeliveryCount: MAX_DELIVERY_COUNT } } }),
);

/** A message as the model sees it; one that was completed is not there. */
interface Kept {
  readonly home: "queue" | "dead letters";
  readonly isDeferred: boolean;
  readonly count: number;
  readonly lock?: { readonly token: string; readonly untilMs: number };
}
type Model = ReadonlyMap<string, Kept>;

const dead = ({ count }: Kept): Kept => ({ home: "dead letters", isDeferred: false, count });

function unlocked({ home, isDeferred, count }: Kept): Kept {
  const isSpent = !isDeferred && count >= MAX_DELIVERY_COUNT;
  return isSpent ? dead({ home, isDeferred, count }) : { home, isDeferred, count };
}

/** Opens the journal in `directory` anew. What the former process had not yet written is lost with it. */
function startProcess(directory: string, clock: VirtualClock) {
  const journal = openJournal({
    directory,
    fsync: false,
    compactAboveBytes: 3000,
    onFailure: (error) => {
      throw error;
    },
  });
  const namespace = createNamespace(ENTITIES, journal, clock);
  const entity = namespace.find("q");
  if (entity?.kind !== "queue") throw new Error("The queue is missing.");
  namespace.start();
  return { journal, namespace, queue: entity.queue };
}

const flush = (journal: Journal): Promise<void> => new Promise((resolve) => journal.onDurable(resolve));

const pick = fc.nat({ max: 99 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant("send" as const) }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant("receive" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant("settle" as const),
      kind: fc.constantFrom("complete", "abandon", "defer", "dead-letter"),
      pick,
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("take deferred" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("renew" as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 2 * LOCK_MS }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("flush" as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("kill" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function follow(directory: string, steps: readonly Step[]): Promise<void> {
  const clock = new VirtualClock();
  let { journal, namespace, queue } = startProcess(directory, clock);
  let model = new Map<string, Kept>();
  let durable: Model = new Map();
  /** Every token ever handed out, with its message; most of them hold nothing any more. */
  const tokens: { token: string; id: string }[] = [];
  let sent = 0;

  const lock = (id: string, kept: Kept, { deliveryCount, lock: taken }: Handout) => {
    expect(deliveryCount).toBe(kept.count);
    expect(tokens.map(({ token }) => token)).not.toContain(taken!.token);
    tokens.push({ token: taken!.token, id });
    model.set(id, { ...kept, count: kept.count + 1, lock: taken! });
  };
  const holder = (token: string | undefined): [string, Kept] | undefined =>
    [...model].find(([, kept]) => kept.lock?.token === token && kept.lock !== undefined);

  /** One of the last five handed out, which may still hold; now and then an older one. */
  const recent = (pick: number) => tokens.at(-1 - (pick < 90 ? pick % 5 : pick % tokens.length)) ?? tokens[0];

  for (const one of steps) {
    if (one.does === "send") {
      const id = `m${++sent}`;
      queue.intake.accept(decodeIncoming(rhea.message.encode({ message_id: id, body: sent })));
      model.set(id, { home: "queue", isDeferred: false, count: 0 });
    }
    if (one.does === "receive") {
      const handouts: Handout[] = [];
      const leave = queue.subscribe({
        peekLock: true,
        capacity: () => 1 - handouts.length,
        take: (handout) => handouts.push(handout),
      });
      queue.pump();
      leave();
      const free = [...model].find(([, kept]) => kept.home === "queue" && !kept.isDeferred && !kept.lock);
      expect(handouts.map(({ entry }) => entry.messageId)).toEqual(free ? [free[0]] : []);
      if (free) lock(...free, handouts[0]!);
    }
    if (one.does === "settle" && tokens.length > 0) {
      const { token } = recent(one.pick)!;
      const held = holder(token);
      const settlement = { kind: one.kind, properties: new Map() } as Settlement;
      expect(queue.settle(token, settlement)).toBe(held !== undefined);
      if (held) {
        const [id, kept] = held;
        if (one.kind === "complete") model.delete(id);
        else if (one.kind === "dead-letter") model.set(id, dead(kept));
        else model.set(id, unlocked({ ...kept, isDeferred: kept.isDeferred || one.kind === "defer" }));
      }
    }
    if (one.does === "take deferred" && sent > 0) {
      const number = 1 + (one.pick % sent);
      const id = `m${number}`;
      const kept = model.get(id);
      const entry = [...queue.store.entries.values()].find(({ messageId }) => messageId === id);
      const handouts = queue.takeDeferred([entry?.sequence ?? -1], true);
      const isThere = kept?.home === "queue" && kept.isDeferred && !kept.lock;
      expect(handouts?.map((handout) => handout.entry.messageId)).toEqual(isThere ? [id] : undefined);
      if (isThere) lock(id, kept, handouts![0]!);
    }
    if (one.does === "renew" && tokens.length > 0) {
      const { token } = recent(one.pick)!;
      const held = holder(token);
      const untilMs = held && clock.now() + LOCK_MS;
      expect(queue.renew(token)).toBe(untilMs);
      if (held) model.set(held[0], { ...held[1], lock: { token, untilMs: untilMs! } });
    }
    if (one.does === "wait") {
      clock.advance(one.ms);
      for (const [id, kept] of model)
        if (kept.lock && kept.lock.untilMs <= clock.now()) model.set(id, unlocked(kept));
    }
    if (one.does === "flush") {
      await flush(journal);
      durable = new Map(model);
    }
    if (one.does === "kill") {
      namespace.stop();
      ({ journal, namespace, queue } = startProcess(directory, clock));
      model = new Map([...durable].map(([id, kept]) => [id, kept.lock ? unlocked(kept) : kept]));
    }
    const found = (home: Kept["home"], entries: Iterable<Entry>) =>
      [...entries].map(({ messageId, state, deliveryCount }) => [
        messageId,
        home,
        state === "deferred",
        deliveryCount,
      ]);
    const everything = [
      ...found("queue", queue.store.entries.values()),
      ...found("dead letters", queue.deadLetters!.store.entries.values()),
    ];
    const wanted = [...model].map(([id, { home, isDeferred, count }]) => [id, home, isDeferred, count]);
    expect(everything.sort()).toEqual(wanted.sort());
  }
  namespace.stop();
  journal.close();
}

test("nothing acknowledged is lost and nothing locked is handed out, whatever happens in whatever order", async () => {
  const directory = mkdtempSync(join(tmpdir(), "service-bus-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 90 }), (steps) =>
      follow(join(directory, `${run++}`), steps),
    ),
    { numRuns: 60 },
  );
});
