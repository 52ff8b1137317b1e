import { expect, test } from "vitest";
import { bodies, receive, receiveNothing, receiveOne, runBroker, standingClock } from "./support.js";

const HOUR_MS = 3_600_000;

test("a scheduled message comes at its time, under a new number", async () => {
  const clock = standingClock();
  const broker = await runBroker(undefined, { clock });
  const client = broker.connect();
  const sender = client.createSender("q");
  const [number] = await sender.scheduleMessages({ body: "later" }, new Date(clock.now() + HOUR_MS));
  await sender.sendMessages({
    body: "also later",
    scheduledEnqueueTimeUtc: new Date(clock.now() + 2 * HOUR_MS),
  });
  await sender.sendMessages({ body: "now" });
  const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  expect(bodies(await receive(receiver, 1))).toEqual(["now"]);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 0, scheduled: 2 });
  clock.advance(HOUR_MS);
  const message = await receiveOne(receiver);
  expect(message.body).toBe("later");
  expect(message.enqueuedTimeUtc!.getTime()).toBe(Math.trunc(clock.now()));
  expect(message.sequenceNumber!.greaterThan(number!)).toBe(true);
  clock.advance(HOUR_MS);
  expect((await receiveOne(receiver)).body).toBe("also later");
});

test("a cancelled schedule never comes, and cannot be cancelled again", async () => {
  const clock = standingClock();
  const client = (await runBroker(undefined, { clock })).connect();
  const sender = client.createSender("q");
  // Less than an hour: the client signs its tokens for one, by its own clock.
  const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], new Date(clock.now() + 600_000));
  await sender.cancelScheduledMessages(numbers[0]!);
  await expect(sender.cancelScheduledMessages(numbers[0]!)).rejects.toMatchObject({
    code: "MessageNotFound",
  });
  clock.advance(600_000);
  expect(bodies(await receive(client.createReceiver("q"), 1))).toEqual([2]);
});

test("a second message with an id seen in the window is accepted and dropped; after the window it counts as new", async () => {
  const clock = standingClock();
  const setup = {
    queues: { q: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: "PT10M" } },
  };
  const client = (await runBroker(setup, { clock })).connect();
  const sender = client.createSender("q");
  const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  await sender.sendMessages({ body: "first", messageId: "same" });
  await sender.sendMessages([
    { body: "second", messageId: "same" },
    { body: "other", messageId: "other" },
  ]);
  expect(bodies(await receive(receiver, 2))).toEqual(["first", "other"]);
  clock.advance(600_000);
  await sender.sendMessages({ body: "third", messageId: "same" });
  expect((await receiveOne(receiver)).body).toBe("third");
});

test.each([
  { why: "the sender's own time", properties: {}, timeToLive: 60_000, deadLettered: 0 },
  {
    why: "the entity's time caps the sender's",
    properties: { DefaultMessageTimeToLive: "PT1M" },
    timeToLive: HOUR_MS,
    deadLettered: 0,
  },
  {
    why: "the entity dead-letters what expires",
    properties: { DefaultMessageTimeToLive: "PT1M", DeadLetteringOnMessageExpiration: true },
    timeToLive: undefined,
    deadLettered: 1,
  },
])("a message that waits too long expires: $why", async ({ properties, timeToLive, deadLettered }) => {
  const clock = standingClock();
  const broker = await runBroker({ queues: { q: properties } }, { clock });
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: 1, ...(timeToLive !== undefined && { timeToLive }) });
  clock.advance(59_999);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 1 });
  clock.advance(1);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 0, deadLettered });
  expect(await receiveNothing(client.createReceiver("q"))).toEqual([]);
  if (deadLettered > 0) {
    const dead = client.createReceiver("q", { subQueueType: "deadLetter" });
    expect((await receiveOne(dead)).deadLetterReason).toBe("TTLExpiredException");
    clock.advance(24 * HOUR_MS);
    expect(broker.peekCounts()[0]).toMatchObject({ deadLettered: 1 });
  }
});

test("a locked message does not expire in the hands of its receiver", async () => {
  const clock = standingClock();
  const broker = await runBroker({ queues: { q: { LockDuration: "PT5M" } } }, { clock });
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: 1, timeToLive: 60_000 });
  const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  const message = await receiveOne(receiver);
  clock.advance(120_000);
  await receiver.completeMessage(message);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 0 });
});

test("a message whose lock ends after its time has expired is not delivered again", async () => {
  const clock = standingClock();
  const broker = await runBroker(undefined, { clock });
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: 1, timeToLive: 30_000 });
  const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  await receiveOne(receiver);
  clock.advance(62_000);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 0, deadLettered: 0 });
});
