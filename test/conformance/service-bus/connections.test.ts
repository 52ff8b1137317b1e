import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import type { EventContext } from "rhea";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectRaw, EMULATOR, openConnection, openCoordinator, putToken, signToken } from "./raw-client.js";
import { countdown, receiveOne, runBroker } from "./support.js";

describe("who may connect", () => {
  test.each([
    { who: "the right key", token: signToken(EMULATOR), status: 202 },
    { who: "a wrong key", token: signToken({ ...EMULATOR, key: "guessed" }), status: 401 },
    { who: "an unknown key name", token: signToken({ ...EMULATOR, name: "Somebody" }), status: 401 },
    {
      who: "an expired token",
      token: signToken({ ...EMULATOR, expiresAtMs: Date.now() - 10_000 }),
      status: 401,
    },
    { who: "no token at all", token: "nonsense", status: 401 },
    { who: "a token of Entra ID", token: "eyJ", type: "jwt", status: 401 },
  ])("$who is answered $status", async ({ token, type, status }) => {
    const { port } = await runBroker();
    expect(await putToken(await openConnection(port), token, type)).toBe(status);
  });

  test("a client with the wrong key learns why, and the log does not show the token", async () => {
    const broker = await runBroker();
    const client = new ServiceBusClient(broker.connectionString.replace("SAS_KEY_VALUE", "guessed"), {
      retryOptions: { maxRetries: 0 },
    });
    onTestFinished(() => client.close());
    await expect(client.createSender("q").sendMessages({ body: 1 })).rejects.toMatchObject({
      code: "UnauthorizedAccess",
      message: expect.stringContaining("connection string") as string,
    });
    expect(broker.logs).toContainEqual(
      expect.objectContaining({ event: "service-bus.refused", what: "put-token" }),
    );
    expect(JSON.stringify(broker.logs)).not.toMatch(/sig=|guessed/);
  });

  test("a link without a token before it is refused", async () => {
    const { port } = await runBroker();
    const link = (await openConnection(port)).open_receiver("q");
    const [{ receiver }] = (await once(link, "receiver_error")) as [EventContext];
    expect(receiver?.error).toMatchObject({ condition: "amqp:unauthorized-access" });
  });

  test("a key of one's own replaces the emulator's", async () => {
    const broker = await runBroker(undefined, { accessKey: { name: "Mine", key: "c2VjcmV0" } });
    await broker.connect().createSender("q").sendMessages({ body: 1 });
    expect(broker.peekCounts()[0]).toMatchObject({ active: 1 });
  });

  test("bytes that are no AMQP end that connection only", async () => {
    const broker = await runBroker();
    const socket = connectSocket(broker.port, "127.0.0.1");
    socket.write("HELO broker\r\n");
    await once(socket.resume(), "close");
    await broker.connect().createSender("q").sendMessages({ body: 1 });
    expect(broker.peekCounts()[0]).toMatchObject({ active: 1 });
  });
});

describe("what is refused", () => {
  const setup = { queues: { q: {} }, topics: { t: { subscriptions: { s: {} } } } };

  test("an entity that the configuration does not name fails at once, by name", async () => {
    const client = (await runBroker(setup)).connect();
    const missing = {
      code: "MessagingEntityNotFound",
      message: expect.stringContaining("nowhere") as string,
    };
    await expect(client.createSender("nowhere").sendMessages({ body: 1 })).rejects.toMatchObject(missing);
    await expect(client.createReceiver("nowhere").receiveMessages(1)).rejects.toMatchObject(missing);
    await expect(client.createReceiver("t", "nowhere").peekMessages(1)).rejects.toMatchObject(missing);
  });

  test("names ignore case, as in the service", async () => {
    const broker = await runBroker(setup);
    await broker.connect().createSender("Q").sendMessages({ body: 1 });
    expect(broker.peekCounts()[0]).toMatchObject({ path: "q", active: 1 });
  });

  test.each([
    { address: "t/Subscriptions/s", why: "a subscription takes from its topic only" },
    { address: "q/$DeadLetterQueue", why: "dead letters come from their queue only" },
  ])("sending to $address is refused: $why", async ({ address }) => {
    const client = (await runBroker(setup)).connect();
    await expect(client.createSender(address).sendMessages({ body: 1 })).rejects.toThrow(
      /Send to the queue or topic itself/,
    );
  });

  test("receiving from a topic is refused and points to its subscriptions", async () => {
    const client = (await runBroker(setup)).connect();
    await expect(client.createReceiver("t").receiveMessages(1)).rejects.toThrow(/one of its subscriptions/);
  });

  test("a transaction is refused by name", async () => {
    const { port } = await runBroker(setup);
    const link = openCoordinator(await connectRaw(port));
    const [{ sender }] = (await once(link, "sender_error")) as [EventContext];
    expect(sender?.error).toMatchObject({
      condition: "amqp:not-implemented",
      description: expect.stringMatching(/Transactions/) as string,
    });
  });
});

describe("many clients", () => {
  test("competing receivers share a queue: each message goes to exactly one", async () => {
    const broker = await runBroker();
    const clients = [broker.connect(), broker.connect(), broker.connect()];
    const seen: unknown[][] = [[], [], []];
    const { done, tick } = countdown(300);
    const everyone = countdown(clients.length);
    clients.forEach((client, index) =>
      client.createReceiver("q").subscribe(
        {
          // Nobody is through with a message before each has got one, however late it came.
          processMessage: async ({ body }) => {
            if (seen[index]!.push(body) === 1) everyone.tick();
            await everyone.done;
            tick();
          },
          processError: ({ error }) => Promise.reject(error),
        },
        { maxConcurrentCalls: 4 },
      ),
    );
    await clients[0]!.createSender("q").sendMessages(Array.from({ length: 300 }, (_, body) => ({ body })));
    await done;
    expect(seen.flat().sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 300 }, (_, body) => body),
    );
  });

  test("a message whose receiver lost its connection comes back to another when its lock ends, and not before", async () => {
    const broker = await runBroker({ queues: { q: { LockDuration: "PT1S" } } });
    const first = broker.connect();
    await first.createSender("q").sendMessages({ body: 1 });
    const message = await receiveOne(first.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 }));
    await first.close();
    const receiver = broker.connect().createReceiver("q");
    const again = await receiveOne(receiver);
    expect(Date.now()).toBeGreaterThanOrEqual(message.lockedUntilUtc!.getTime() - 1);
    expect(again.deliveryCount).toBe(1);
  });

  test("a broker that comes back on its port finds its clients again, and loses nothing", async () => {
    const journalDir = mkdtempSync(join(tmpdir(), "service-bus-"));
    onTestFinished(() => rmSync(journalDir, { recursive: true, force: true }));
    const first = await runBroker(undefined, { journalDir });
    const client = first.connect();
    const sender = client.createSender("q");
    const seen: unknown[] = [];
    let notify: (() => void) | undefined;
    client.createReceiver("q").subscribe({
      processMessage: ({ body }) => {
        seen.push(body);
        notify?.();
        return Promise.resolve();
      },
      processError: () => Promise.resolve(),
    });
    const arrival = async (body: unknown) => {
      while (!seen.includes(body)) await new Promise<void>((resolve) => (notify = resolve));
    };
    await sender.sendMessages({ body: "before" });
    await arrival("before");
    await first.stop();
    const second = await runBroker(undefined, { journalDir, port: first.port });
    await second.connect().createSender("q").sendMessages({ body: "after" });
    await arrival("after");
    await sender.sendMessages({ body: "from the old sender" });
    await arrival("from the old sender");
    expect(new Set(seen)).toEqual(new Set(["before", "after", "from the old sender"]));
    // Before its broker: the client waits long for one that is gone.
    await client.close();
  });

  test("a graceful stop between messages loses none and delivers none twice: the subscriber goes on by itself", async () => {
    const journalDir = mkdtempSync(join(tmpdir(), "service-bus-"));
    onTestFinished(() => rmSync(journalDir, { recursive: true, force: true }));
    const setup = { queues: { q: { LockDuration: "PT5M" } } };
    const first = await runBroker(setup, { journalDir });
    const client = first.connect();
    const sender = client.createSender("q");
    const receiver = client.createReceiver("q");
    const seen: unknown[] = [];
    const rounds = [countdown(20), countdown(20)] as const;
    receiver.subscribe(
      {
        processMessage: async (message) => {
          seen.push(message.body);
          await receiver.completeMessage(message);
          rounds[seen.length > 20 ? 1 : 0].tick();
        },
        processError: () => Promise.resolve(),
      },
      { autoCompleteMessages: false },
    );
    const batch = (from: number) => Array.from({ length: 20 }, (_, n) => ({ body: from + n }));
    await sender.sendMessages(batch(0));
    await rounds[0].done;
    await first.stop();
    const second = await runBroker(setup, { journalDir, port: first.port });
    await second.connect().createSender("q").sendMessages(batch(20));
    await rounds[1].done;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(second.peekCounts()[0]).toMatchObject({ active: 0, deadLettered: 0 });
    await sender.sendMessages({ body: "from the old sender" });
    // Before its broker: the client waits long for one that is gone.
    await client.close();
  });

  test("a stopping broker closes connections with a reason that makes clients come again, and still answers what came before", async () => {
    const broker = await runBroker();
    const connection = await connectRaw(broker.port);
    const sender = connection.open_sender("q");
    await once(sender, "sendable");
    const heard = new Set<string>();
    sender.on("accepted", () => heard.add("accepted"));
    connection.on("connection_error", ({ connection: { error } }: EventContext) =>
      heard.add((error as { condition: string }).condition),
    );
    const closed = once(connection, "connection_close");
    sender.send({ body: 1 });
    while (broker.peekCounts()[0]?.active === 0) await new Promise((resolve) => setImmediate(resolve));
    await broker.stop();
    await closed;
    expect(heard).toEqual(new Set(["accepted", "amqp:connection:forced"]));
  });

  test("a peer that does not answer the farewell is dropped", async () => {
    const broker = await runBroker();
    const connection = await connectRaw(broker.port);
    const { socket } = connection as unknown as { socket: Socket };
    socket.pause();
    await broker.stop();
    const gone = once(socket, "close");
    socket.resume();
    await gone;
  });

  test("stopping ends although clients are connected, hold a lock and wait for a session", async () => {
    const broker = await runBroker({ queues: { q: {}, s: { RequiresSession: true } } });
    const connection = await connectRaw(broker.port);
    const anySession = { address: "s", filter: { "com.microsoft:session-filter": null } };
    connection.open_receiver({ source: anySession });
    const receiver = connection.open_receiver({ source: "q", autoaccept: false });
    // Frames of a session are handled in order: now the other attach waits.
    await once(receiver, "receiver_open");
    const sender = connection.open_sender("q");
    await once(sender, "sendable");
    sender.send({ body: 1 });
    await once(receiver, "message");
    const disconnected = once(connection, "disconnected");
    await broker.stop();
    await disconnected;
  });

  test("closing a client leaves no socket, neither on its side nor on the broker's", async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const sinkTo = async (count: number) => {
      while (sockets() > count) await new Promise((resolve) => setImmediate(resolve));
    };
    // Those of the tests before, which close behind them.
    await sinkTo(0);
    const broker = await runBroker({ queues: { q: {}, s: { RequiresSession: true } } });
    const client = broker.connect();
    await client.createSender("q").sendMessages({ body: 1 });
    await client.createSender("s").sendMessages({ body: 1, sessionId: "a" });
    const receiver = client.createReceiver("q");
    receiver.subscribe({ processMessage: () => Promise.resolve(), processError: () => Promise.resolve() });
    await client.acceptSession("s", "a");
    expect(sockets()).toBe(2);
    await client.close();
    await sinkTo(0);
  });
});
