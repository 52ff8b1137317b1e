import { once } from "node:events";
import { expect, test } from "vitest";
import { ask, connectRaw } from "./raw-client.js";
import { bodies, receive, receiveNothing, receiveOne, runBroker, standingClock } from "./support.js";

const setup = { queues: { q: { RequiresSession: true, LockDuration: "PT30S" } } };
const noRenewal = { maxAutoLockRenewalDurationInMs: 0 };

test("a session gives its own messages in order, to one receiver at a time", async () => {
  const broker = await runBroker(setup);
  const client = broker.connect();
  await client
    .createSender("q")
    .sendMessages(
      ["a", "b", "a", "b"].map((sessionId, index) => ({ sessionId, body: `${sessionId}${index}` })),
    );
  const a = await client.acceptSession("q", "a");
  await expect(client.acceptSession("q", "a")).rejects.toMatchObject({ code: "SessionCannotBeLocked" });
  const fromA = await receive(a, 2);
  expect(bodies(fromA)).toEqual(["a0", "a2"]);
  for (const message of fromA) await a.completeMessage(message);
  const b = await client.acceptSession("q", "b");
  expect(bodies(await receive(b, 2))).toEqual(["b1", "b3"]);
  await a.close();
  await (await client.acceptSession("q", "a")).close();
});

test("the next session is the free one with the oldest message, and waits until there is one", async () => {
  const broker = await runBroker(setup);
  const client = broker.connect();
  const sender = client.createSender("q");
  const waiting = client.acceptNextSession("q");
  await sender.sendMessages({ sessionId: "first", body: 1 });
  const first = await waiting;
  expect(first.sessionId).toBe("first");
  await sender.sendMessages([
    { sessionId: "second", body: 2 },
    { sessionId: "third", body: 3 },
  ]);
  expect((await client.acceptNextSession("q")).sessionId).toBe("second");
  expect((await client.acceptNextSession("q")).sessionId).toBe("third");
});

test("waiting for the next session ends with a timeout when none comes", async () => {
  const clock = standingClock();
  const broker = await runBroker(setup, { clock });
  const outcome = broker
    .connect()
    .acceptNextSession("q")
    .catch((error: unknown) => error);
  // The client allows some seconds and asks twice; the broker's clock moves on whenever a request waits on it.
  const settled = outcome.then(() => true);
  const turn = () => new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  while (!(await Promise.race([settled, turn()]))) if (clock.nextDueMs() !== undefined) clock.advance(10_000);
  expect(await outcome).toMatchObject({ code: "ServiceTimeout" });
});

test("a session's state is kept until it is cleared", async () => {
  const broker = await runBroker(setup);
  const client = broker.connect();
  const session = await client.acceptSession("q", "a");
  expect(await session.getSessionState()).toBeNull();
  await session.setSessionState({ step: 3 });
  await session.close();
  const again = await client.acceptSession("q", "a");
  expect(await again.getSessionState()).toEqual({ step: 3 });
  await again.setSessionState(null);
  expect(await again.getSessionState()).toBeNull();
});

test("a session's state is not for those who have lost its lock", async () => {
  const clock = standingClock();
  const client = (await runBroker(setup, { clock })).connect();
  const session = await client.acceptSession("q", "a", noRenewal);
  await session.setSessionState("mine");
  clock.advance(30_000);
  await expect(session.setSessionState("late")).rejects.toMatchObject({ code: "SessionLockLost" });
  const next = await client.acceptSession("q", "a", noRenewal);
  expect(await next.getSessionState()).toBe("mine");
});

test.each([
  { who: "another connection", isSame: false, names: false },
  { who: "another link of the same connection", isSame: true, names: true },
])("a session's state and lock are not for $who than the one that holds it", async ({ isSame, names }) => {
  const broker = await runBroker(setup);
  const holder = await connectRaw(broker.port);
  const source = { address: "q", filter: { "com.microsoft:session-filter": "a" } };
  const link = holder.open_receiver({ source });
  await once(link, "receiver_open");
  const other = isSame ? holder : await connectRaw(broker.port);
  const request = (operation: string, name?: string) => ({
    message_id: operation,
    application_properties: {
      operation: `com.microsoft:${operation}`,
      ...(name !== undefined && { "associated-link-name": name }),
    },
    body: { "session-id": "a", "session-state": Buffer.from("stolen") },
  });
  for (const operation of ["set-session-state", "get-session-state", "renew-session-lock"]) {
    const { reply } = await ask(other, request(operation, names ? "another" : undefined));
    expect(reply.application_properties).toMatchObject({
      statusCode: 410,
      errorCondition: "com.microsoft:session-lock-lost",
    });
  }
  const { reply } = await ask(holder, request("get-session-state", link.name));
  expect(reply).toMatchObject({
    application_properties: { statusCode: 200 },
    body: { "session-state": null },
  });
});

test("a session lock expires unless renewed; then its messages go to who comes next, counted", async () => {
  const clock = standingClock();
  const client = (await runBroker(setup, { clock })).connect();
  await client.createSender("q").sendMessages({ sessionId: "a", body: 1 });
  const session = await client.acceptSession("q", "a", noRenewal);
  expect(session.sessionLockedUntilUtc.getTime()).toBe(Math.trunc(clock.now()) + 30_000);
  const message = await receiveOne(session);
  clock.advance(20_000);
  expect((await session.renewSessionLock()).getTime()).toBe(Math.trunc(clock.now()) + 30_000);
  clock.advance(20_000);
  await session.abandonMessage(message);
  const again = await receiveOne(session);
  expect(again.deliveryCount).toBe(1);
  clock.advance(30_000);
  const next = await client.acceptNextSession("q", noRenewal);
  expect((await receiveOne(next)).deliveryCount).toBe(2);
  await expect(session.completeMessage(again)).rejects.toMatchObject({ code: "SessionLockLost" });
});

test("closing a session gives back what it had locked", async () => {
  const client = (await runBroker(setup)).connect();
  await client.createSender("q").sendMessages({ sessionId: "a", body: 1 });
  const session = await client.acceptSession("q", "a");
  await receiveOne(session);
  await session.close();
  const again = await client.acceptSession("q", "a");
  expect(await receiveOne(again)).toMatchObject({ body: 1, deliveryCount: 1 });
});

test("deferring and dead-lettering work within a session, and the dead letters need none", async () => {
  const client = (await runBroker(setup)).connect();
  await client.createSender("q").sendMessages([1, 2].map((body) => ({ sessionId: "a", body })));
  const session = await client.acceptSession("q", "a");
  const [first, second] = await receive(session, 2);
  await session.deferMessage(first!);
  await session.deadLetterMessage(second!, { deadLetterReason: "no", deadLetterErrorDescription: "disk" });
  const [deferred] = await session.receiveDeferredMessages(first!.sequenceNumber!);
  await session.completeMessage(deferred!);
  expect(await receiveNothing(session)).toEqual([]);
  const dead = await receiveOne(client.createReceiver("q", { subQueueType: "deadLetter" }));
  expect(dead).toMatchObject({ sessionId: "a", body: 2, deadLetterReason: "no" });
});

test("a message without session and a receiver without session are refused with the reason", async () => {
  const client = (await runBroker(setup)).connect();
  await expect(client.createSender("q").sendMessages({ body: 1 })).rejects.toThrow(/need a SessionId/);
  await expect(client.createReceiver("q").receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toThrow(
    /requires sessions/,
  );
});

test("a subscription can require sessions too", async () => {
  const client = (
    await runBroker({ topics: { t: { subscriptions: { s: { RequiresSession: true } } } } })
  ).connect();
  await client.createSender("t").sendMessages({ sessionId: "a", body: 1 });
  const session = await client.acceptNextSession("t", "s");
  expect(session.sessionId).toBe("a");
  expect(bodies(await receive(session, 1))).toEqual([1]);
});
