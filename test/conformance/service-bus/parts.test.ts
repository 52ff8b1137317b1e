/** What the official client cannot reach well: compaction under way, and the codec on any message a sender may build. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import rhea from "rhea";
import { expect, onTestFinished, test } from "vitest";
import {
  decodeIncoming,
  encodeEntry,
  withApplicationProperties,
} from "../../../src/local/service-bus/codec.js";
import { types } from "../../../src/local/service-bus/amqp.js";
import type { Entry } from "../../../src/local/service-bus/entry.js";
import { Heap } from "../../../src/local/service-bus/heap.js";
import { openJournal, type Journal } from "../../../src/local/service-bus/journal.js";

const entryOf = (sequence: number, bare = Buffer.alloc(100, sequence)): Entry => ({
  bare,
  messageId: `m-${sequence}`,
  sequence,
  enqueuedSequence: sequence,
  enqueuedAtMs: 1,
  state: "active",
  deliveryCount: 0,
});

test("a journal that compacts itself between writes loses and revives nothing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "service-bus-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const open = (): Journal =>
    openJournal({
      directory,
      fsync: false,
      compactAboveBytes: 2000,
      onFailure: (error) => {
        throw error;
      },
    });
  const journal = open();
  const store = journal.store("q");
  const durable = () => new Promise<void>((resolve) => journal.onDurable(resolve));
  for (let sequence = 1; sequence <= 200; sequence++) {
    store.commit({ op: "put", entry: entryOf(sequence) });
    if (sequence > 5) store.commit({ op: "remove", sequence: sequence - 5 });
    if (sequence % 7 === 0) await durable();
  }
  store.commit({ op: "attempt", sequence: 200, deliveryCount: 3 });
  await durable();
  expect(statSync(join(directory, "service-bus.journal")).size).toBeLessThan(6000);
  journal.close();
  const reopened = open();
  const entries = [...reopened.store("q").entries.values()];
  expect(entries).toEqual(
    [196, 197, 198, 199].map((n) => entryOf(n)).concat({ ...entryOf(200), deliveryCount: 3 }),
  );
  reopened.close();
});

test("a heap gives its items smallest first, whatever the order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new Heap<number>((n) => n);
      for (const n of numbers) heap.push(n);
      expect(numbers.map(() => heap.pop())).toEqual([...numbers].sort((a, b) => a - b));
      expect(heap.size).toBe(0);
    }),
  );
});

const value = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.integer(),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  fc.constant(null),
);
const message = fc.record(
  {
    message_id: fc.string({ minLength: 1 }),
    correlation_id: fc.string({ minLength: 1 }),
    subject: fc.string(),
    group_id: fc.string(),
    ttl: fc.integer({ min: 1, max: 0xffff_ffff }),
    delivery_annotations: fc.dictionary(fc.constantFrom("x-a", "x-b"), value),
    application_properties: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), value),
    footer: fc.dictionary(fc.constantFrom("f"), value),
    body: fc.oneof(
      value,
      fc
        .uint8Array({ maxLength: 400 })
        .map((bytes) => rhea.message.data_section(Buffer.from(bytes)) as unknown),
    ),
  },
  { requiredKeys: ["body"] },
);

test("any message comes out with what went in, and an edit of one property leaves all others their bytes", () => {
  fc.assert(
    fc.property(message, fc.integer({ min: 1, max: 2 ** 40 }), (sent, sequence) => {
      const incoming = decodeIncoming(rhea.message.encode(sent));
      const entry: Entry = {
        ...entryOf(sequence),
        ...incoming,
        ...(sent.ttl !== undefined && { ttlMs: sent.ttl }),
      };
      const bare = withApplicationProperties(entry.bare, new Map([["Edited", types.wrap("yes")]]));
      const plain = rhea.message.decode(encodeEntry(entry, { deliveryCount: 2 }));
      const edited = rhea.message.decode(encodeEntry({ ...entry, bare }, { deliveryCount: 2 }));
      const original = rhea.message.decode(rhea.message.encode(sent));
      for (const field of ["correlation_id", "subject", "group_id", "body", "footer"]) {
        expect(plain[field]).toEqual(original[field]);
        expect(edited[field]).toEqual(original[field]);
      }
      expect(plain.application_properties).toEqual(original.application_properties);
      expect(edited.application_properties).toEqual({
        ...(original.application_properties as object | undefined),
        Edited: "yes",
      });
      expect(plain.message_id).toBe(sent.message_id ?? incoming.messageId);
      expect(plain.ttl).toBe(sent.ttl);
      expect(plain.delivery_count).toBe(2);
      expect(plain.message_annotations).toMatchObject({ "x-opt-sequence-number": sequence });
    }),
    { numRuns: 300 },
  );
});
