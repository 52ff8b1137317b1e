/** Faults of rhea 3.0.5 that the broker has to work around, each seen with the official client under load. */
import { once } from "node:events";
import { expect, test } from "vitest";
import { connectRaw } from "./raw-client.js";
import { countdown, receive, receiveOne, runBroker, standingClock } from "./support.js";

test("accepted and refused sends of one tick are not answered with one outcome", async () => {
  const client = (await runBroker({ queues: { q: { RequiresSession: true } } })).connect();
  const sender = client.createSender("q");
  await sender.sendMessages({ body: "opens the link", sessionId: "a" });
  // Small, so that all arrive in one read; those without a session are refused.
  const isGood = Array.from({ length: 30 }, (_, index) => index % 3 !== 1);
  const results = await Promise.allSettled(
    isGood.map((good, body) => sender.sendMessages({ body, ...(good && { sessionId: "a" }) })),
  );
  expect(results.map(({ status }) => status === "fulfilled")).toEqual(isGood);
});

test("settlements that hold and settlements that come too late, in one tick, each get their own answer", async () => {
  const clock = standingClock();
  const broker = await runBroker({ queues: { q: { LockDuration: "PT30S" } } }, { clock });
  const client = broker.connect();
  await client.createSender("q").sendMessages(Array.from({ length: 20 }, (_, body) => ({ body })));
  const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  const messages = await receive(receiver, 20);
  clock.advance(20_000);
  const isHeld = messages.map((_, index) => index % 2 === 1);
  for (const [index, message] of messages.entries())
    if (isHeld[index]) await receiver.renewMessageLock(message);
  clock.advance(20_000);
  const outcomes = await Promise.all(
    messages.map((message) =>
      receiver.completeMessage(message).then(
        () => "held",
        (error: unknown) => String((error as { code?: unknown }).code),
      ),
    ),
  );
  expect(outcomes).toEqual(isHeld.map((held) => (held ? "held" : "MessageLockLost")));
  expect(broker.peekCounts()[0]).toMatchObject({ active: 10 });
});

test("more messages than a link has slots pass it, although the client never settles after the broker", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  const sender = client.createSender("q");
  for (let batch = 0; batch < 6; batch++) {
    await sender.sendMessages(Array.from({ length: 500 }, (_, index) => ({ body: batch * 500 + index })));
  }
  const { done, tick } = countdown(3000);
  const seen = new Set<unknown>();
  const subscription = client.createReceiver("q").subscribe(
    {
      processMessage: async ({ body }) => {
        seen.add(body);
        tick();
        await Promise.resolve();
      },
      processError: ({ error }) => Promise.reject(error),
    },
    { maxConcurrentCalls: 64 },
  );
  await done;
  await subscription.close();
  expect(seen.size).toBe(3000);
});

test("one message held for long does not stop the others", async () => {
  const client = (await runBroker()).connect();
  const receiver = client.createReceiver("q");
  const sender = client.createSender("q");
  await sender.sendMessages({ body: "held" });
  const held = await receiveOne(receiver);
  await sender.sendMessages(Array.from({ length: 1500 }, (_, body) => ({ body })));
  const { done, tick } = countdown(1500);
  const subscription = receiver.subscribe(
    {
      processMessage: () => {
        tick();
        return Promise.resolve();
      },
      processError: ({ error }) => Promise.reject(error),
    },
    { maxConcurrentCalls: 32 },
  );
  await done;
  await subscription.close();
  await client.createReceiver("q").completeMessage(held);
});

test("a drain is answered also when the credit is used up, or the client gives its link up", async () => {
  const broker = await runBroker();
  await broker.connect().createSender("q").sendMessages({ body: 1 });
  const connection = await connectRaw(broker.port);
  const receiver = connection.open_receiver({ source: "q", credit_window: 0, autoaccept: false });
  await once(receiver, "receiver_open");
  receiver.add_credit(1);
  await once(receiver, "message");
  const drained = once(receiver, "receiver_drained");
  receiver.drain_credit();
  await drained;
  const given = connection.open_receiver({ source: "q", credit_window: 0, autoaccept: false });
  await once(given, "receiver_open");
  given.add_credit(1);
  given.drain_credit();
  given.close();
  await once(given, "receiver_close");
});

test("credit that a drain takes back is not used afterwards", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  const receiver = client.createReceiver("q");
  expect(await receiver.receiveMessages(5, { maxWaitTimeInMs: 30 })).toEqual([]);
  await client.createSender("q").sendMessages({ body: 1 });
  // Had the broker used the old credit, the message would be locked by nobody and this would wait a minute.
  expect(await receiveOne(client.createReceiver("q"))).toMatchObject({ deliveryCount: 0 });
});

test("abandoning keeps its properties and deferring is no abandoning, although both are the modified outcome", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  await client.createSender("q").sendMessages([{ body: 1 }, { body: 2 }]);
  const receiver = client.createReceiver("q");
  const [first, second] = await receive(receiver, 2);
  await receiver.abandonMessage(first!, { why: "busy" });
  await receiver.deferMessage(second!);
  expect(await receiveOne(receiver)).toMatchObject({ body: 1, applicationProperties: { why: "busy" } });
  expect(broker.peekCounts()[0]).toMatchObject({ active: 1, deferred: 1 });
});
