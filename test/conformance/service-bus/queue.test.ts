import { describe, expect, test } from "vitest";
import { bodies, receive, receiveNothing, receiveOne, runBroker, standingClock } from "./support.js";

describe("sending and receiving", () => {
  test("a message keeps every field a sender can give it", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    const sent = {
      body: { disk: "os", lun: 0 },
      messageId: "m-1",
      correlationId: "c-1",
      contentType: "application/json",
      subject: "captured",
      to: "there",
      replyTo: "here",
      replyToSessionId: "rs-1",
      partitionKey: "p-1",
      timeToLive: 3_600_000,
      applicationProperties: { text: "a", whole: 5, negative: -5, half: 0.5, yes: true, nothing: null },
    };
    await client.createSender("q").sendMessages(sent);
    const receiver = client.createReceiver("q");
    const message = await receiveOne(receiver);
    expect(message).toMatchObject({ ...sent, deliveryCount: 0, state: "active" });
    expect(message.sequenceNumber?.toString()).toBe("1");
    expect(message.expiresAtUtc!.getTime()).toBe(message.enqueuedTimeUtc!.getTime() + 3_600_000);
    await receiver.completeMessage(message);
    expect(broker.peekCounts()).toEqual([
      { path: "q", active: 0, deadLettered: 0, scheduled: 0, deferred: 0 },
    ]);
  });

  test.each<[string, unknown, string]>([
    ["an object", { a: [1, "b"] }, "the usual JSON"],
    ["a text", "plain", "JSON-encoded by the client"],
    ["a number", 12.5, "JSON-encoded by the client"],
    ["null", null, "JSON-encoded by the client"],
    ["bytes", Buffer.from([0, 255, 1]), "sent as they are"],
  ])("a body that is %s comes back as it was", async (_what, body) => {
    const client = (await runBroker()).connect();
    await client.createSender("q").sendMessages({ body });
    expect((await receiveOne(client.createReceiver("q"))).body).toEqual(body);
  });

  test.each(["value", "sequence"] as const)("an AMQP %s body comes back as it was", async (bodyType) => {
    const client = (await runBroker()).connect();
    const body = bodyType === "value" ? "text" : [["a", 1]];
    await client.createSender("q").sendMessages({ body, bodyType });
    const message = await receiveOne(client.createReceiver("q"));
    expect(message._rawAmqpMessage.bodyType).toBe(bodyType);
    expect(message.body).toEqual(body);
  });

  test("a message without an id gets one, as the client cannot settle it otherwise", async () => {
    const client = (await runBroker()).connect();
    await client.createSender("q").sendMessages({ body: 1, applicationProperties: { kept: "yes" } });
    const message = await receiveOne(client.createReceiver("q"));
    expect(message.messageId).toMatch(/^[0-9a-f]{32}$/);
    expect(message.applicationProperties).toEqual({ kept: "yes" });
  });

  test("messages come in the order they were sent, singly and in batches", async () => {
    const client = (await runBroker()).connect();
    const sender = client.createSender("q");
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    await sender.sendMessages({ body: 3 });
    const batch = await sender.createMessageBatch();
    for (const body of [4, 5, 6]) expect(batch.tryAddMessage({ body })).toBe(true);
    await sender.sendMessages(batch);
    expect(bodies(await receive(client.createReceiver("q"), 6))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a batch takes 256 KiB and a larger message is refused with its size", async () => {
    const client = (await runBroker()).connect();
    const sender = client.createSender("q");
    const batch = await sender.createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(256 * 1024);
    await expect(sender.sendMessages({ body: Buffer.alloc(300_000) })).rejects.toMatchObject({
      code: "MessageSizeExceeded",
      message: expect.stringContaining("262144") as string,
    });
  });

  test("receiving waits for the first message, takes at most what it asked for, and less when there is less", async () => {
    const client = (await runBroker()).connect();
    const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
    expect(await receiveNothing(receiver)).toEqual([]);
    await client.createSender("q").sendMessages([1, 2, 3].map((body) => ({ body })));
    expect(bodies(await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 }))).toEqual([1, 2]);
    expect(bodies(await receiver.receiveMessages(5, { maxWaitTimeInMs: 100 }))).toEqual([3]);
  });

  test("receive-and-delete takes a message for good", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const message = await receiveOne(client.createReceiver("q", { receiveMode: "receiveAndDelete" }));
    expect(message.lockToken).toBeUndefined();
    expect(broker.peekCounts()[0]).toMatchObject({ active: 0 });
  });

  test("peeking goes through many pages, each from where the last one ended, and over what has gone meanwhile", async () => {
    const client = (await runBroker()).connect();
    const sender = client.createSender("q");
    await sender.sendMessages(Array.from({ length: 500 }, (_, body) => ({ body })));
    const receiver = client.createReceiver("q");
    for (const message of await receive(receiver, 10)) await receiver.completeMessage(message);
    const pages: unknown[][] = [];
    const next = async () => bodies(await receiver.peekMessages(64));
    for (let page = await next(); page.length > 0; page = await next()) pages.push(page);
    expect(pages.map(({ length }) => length)).toEqual([64, 64, 64, 64, 64, 64, 64, 42]);
    expect(pages.flat()).toEqual(Array.from({ length: 490 }, (_, n) => n + 10));
    await sender.sendMessages({ body: "later" });
    expect(await next()).toEqual(["later"]);
  });

  test("peeking shows active, deferred and scheduled messages without locking any", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    const sender = client.createSender("q");
    await sender.sendMessages([{ body: "deferred" }, { body: "active" }]);
    await sender.scheduleMessages({ body: "scheduled" }, new Date(Date.now() + 3_600_000));
    const receiver = client.createReceiver("q");
    await receiver.deferMessage(await receiveOne(receiver));
    const peeked = await receiver.peekMessages(10);
    expect(peeked.map(({ body, state }) => [body as string, state])).toEqual([
      ["deferred", "deferred"],
      ["active", "active"],
      ["scheduled", "scheduled"],
    ]);
    expect(await receiver.peekMessages(10)).toEqual([]);
    expect(
      bodies(await receiver.peekMessages(1, { fromSequenceNumber: peeked[1]!.sequenceNumber! })),
    ).toEqual(["active"]);
    expect((await receiveOne(receiver)).body).toBe("active");
  });
});

describe("settling", () => {
  test("an abandoned message comes back first, counted, with the properties it was given", async () => {
    const client = (await runBroker()).connect();
    await client
      .createSender("q")
      .sendMessages([{ body: 1, applicationProperties: { kept: 1 } }, { body: 2 }]);
    const receiver = client.createReceiver("q");
    await receiver.abandonMessage(await receiveOne(receiver), { why: "busy" });
    const again = await receiveOne(receiver);
    expect(again).toMatchObject({
      body: 1,
      deliveryCount: 1,
      applicationProperties: { kept: 1, why: "busy" },
    });
  });

  test("a deferred message comes only by its number, and stays deferred when abandoned", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q");
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message, { since: "today" });
    expect(await receiveNothing(receiver)).toEqual([]);
    const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber!);
    expect(deferred).toMatchObject({ body: 1, deliveryCount: 1, applicationProperties: { since: "today" } });
    await receiver.abandonMessage(deferred!);
    const [again] = await receiver.receiveDeferredMessages(message.sequenceNumber!);
    expect(again!.deliveryCount).toBe(2);
    await receiver.completeMessage(again!);
    await expect(receiver.receiveDeferredMessages(message.sequenceNumber!)).rejects.toMatchObject({
      code: "MessageNotFound",
    });
    expect(broker.peekCounts()[0]).toMatchObject({ deferred: 0 });
  });

  test("a dead-lettered message shows reason, description, properties and source, and can be completed there", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    await client.createSender("q").sendMessages({ body: "a", applicationProperties: { kept: 1 } });
    const receiver = client.createReceiver("q");
    const options = { deadLetterReason: "broken", deadLetterErrorDescription: "no disk", step: "seal" };
    await receiver.deadLetterMessage(await receiveOne(receiver), options);
    expect(broker.peekCounts()[0]).toMatchObject({ active: 0, deadLettered: 1 });
    const deadReceiver = client.createReceiver("q", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadReceiver);
    expect(dead).toMatchObject({
      deadLetterReason: "broken",
      deadLetterErrorDescription: "no disk",
      deadLetterSource: "q",
      applicationProperties: { kept: 1, step: "seal" },
    });
    await deadReceiver.abandonMessage(dead);
    await deadReceiver.completeMessage(await receiveOne(deadReceiver));
    expect(broker.peekCounts()[0]).toMatchObject({ deadLettered: 0 });
  });

  test("a handler that always throws sees a message as often as the entity allows, then it is dead-lettered", async () => {
    const broker = await runBroker({ queues: { q: { MaxDeliveryCount: 3 } } });
    const client = broker.connect();
    const seen: number[] = [];
    const subscription = client.createReceiver("q").subscribe({
      processMessage: ({ deliveryCount }) => {
        seen.push(deliveryCount!);
        throw new Error("no");
      },
      processError: () => Promise.resolve(),
    });
    await client.createSender("q").sendMessages({ body: 1 });
    const dead = await receiveOne(client.createReceiver("q", { subQueueType: "deadLetter" }));
    await subscription.close();
    expect(seen).toEqual([0, 1, 2]);
    expect(dead).toMatchObject({
      deadLetterReason: "MaxDeliveryCountExceeded",
      deadLetterErrorDescription: "Message could not be consumed after 3 delivery attempts.",
    });
  });

  test("a message cannot be settled twice", async () => {
    const client = (await runBroker()).connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q");
    const message = await receiveOne(receiver);
    await receiver.completeMessage(message);
    await expect(receiver.completeMessage(message)).rejects.toThrow(/already settled/);
  });
});

describe("locks", () => {
  test("a lock that expires gives the message back, counted, and can no longer settle it", async () => {
    const clock = standingClock();
    const client = (await runBroker({ queues: { q: { LockDuration: "PT30S" } } }, { clock })).connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    expect(message.lockedUntilUtc!.getTime()).toBe(Math.trunc(clock.now()) + 30_000);
    clock.advance(30_000);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost" });
    const again = await receiveOne(receiver);
    expect(again.deliveryCount).toBe(1);
    await receiver.completeMessage(again);
  });

  test("a renewed lock holds for another full duration", async () => {
    const clock = standingClock();
    const client = (await runBroker({ queues: { q: { LockDuration: "PT30S" } } }, { clock })).connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    clock.advance(20_000);
    expect((await receiver.renewMessageLock(message)).getTime()).toBe(Math.trunc(clock.now()) + 30_000);
    clock.advance(20_000);
    await receiver.completeMessage(message);
  });

  test("a lock that is lost cannot be renewed", async () => {
    const clock = standingClock();
    const client = (await runBroker(undefined, { clock })).connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    clock.advance(60_000);
    await expect(receiver.renewMessageLock(message)).rejects.toMatchObject({ code: "MessageLockLost" });
  });

  test("the client renews by itself for as long as its handler runs", async () => {
    const client = (await runBroker({ queues: { q: { LockDuration: "PT1S" } } })).connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 60_000 });
    const message = await receiveOne(receiver);
    const firstEndMs = message.lockedUntilUtc!.getTime();
    // Time has to be real here, since the client's timer is: wait until the first lock would have ended.
    while (Date.now() < firstEndMs + 100) await new Promise((resolve) => setTimeout(resolve, 50));
    await receiver.completeMessage(message);
  });

  test("closing a receiver keeps its locks, and the message can still be settled", async () => {
    const broker = await runBroker();
    const client = broker.connect();
    await client.createSender("q").sendMessages({ body: 1 });
    const receiver = client.createReceiver("q");
    const message = await receiveOne(receiver);
    await receiver.close();
    const other = client.createReceiver("q");
    expect(await receiveNothing(other)).toEqual([]);
    await other.completeMessage(message);
    expect(broker.peekCounts()[0]).toMatchObject({ active: 0 });
  });
});
