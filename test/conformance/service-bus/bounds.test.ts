/** What one client may make the broker hold, and who else knocks at its port: refused by name, and others are served. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ServiceBusAdministrationClient } from "@azure/service-bus";
import rhea, { type Connection, type EventContext, type Sender } from "rhea";
import { beforeAll, expect, test } from "vitest";
import { connectRaw } from "./raw-client.js";
import { receiveOne, runBroker, type TestBroker } from "./support.js";

const MIB = 1024 * 1024;
const HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);

const socketOf = (connection: Connection): Socket => (connection as unknown as { socket: Socket }).socket;

let collectGarbage: () => void;
beforeAll(() => {
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc") as () => void;
});

/** The first collection leaves buffers to be freed behind its back; the second ends that before it begins. */
async function heldBytes(): Promise<number> {
  collectGarbage();
  await nextTurn();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function expectService(broker: TestBroker): Promise<void> {
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: "still here" });
  const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  expect((await receiveOne(receiver)).body).toBe("still here");
}

/** A transfer frame of channel 0, encoded here since no client would send it. */
function transfer(
  delivery: number,
  payload: Buffer,
  { handle = 0, more = false, aborted = false }: { handle?: number; more?: boolean; aborted?: boolean } = {},
): Buffer {
  const bool = (value: boolean) => (value ? 0x41 : 0x42);
  const fields = [0x52, handle, 0x70, 0, 0, delivery >> 8, delivery & 0xff, 0xa0, 1, delivery & 0xff];
  // Message format 0; not settled; then more, receiver settle mode, state, resume, aborted (AMQP 1.0, 2.7.5).
  fields.push(0x43, 0x42, bool(more), 0x40, 0x40, 0x42, bool(aborted));
  const performative = Buffer.from([0x00, 0x53, 0x14, 0xc0, fields.length + 1, 10, ...fields]);
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  head.writeUInt32BE(8 + performative.length + payload.length);
  return Buffer.concat([head, performative, payload]);
}

/** `next`: the number of the next delivery of its session. */
async function openSender(connection: Connection): Promise<{ sender: Sender; handle: number; next: number }> {
  const sender = connection.open_sender("q");
  await once(sender, "sendable");
  const { local, session } = sender as unknown as {
    local: { handle: number };
    session: { outgoing: { next_delivery_id: number } };
  };
  return { sender, handle: local.handle, next: session.outgoing.next_delivery_id };
}

/** The first answer that the broker gives to a delivery the client's rhea knows nothing of. */
function rejection(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    socketOf(connection).on("data", (bytes: Buffer) => {
      if (bytes.includes(Buffer.from([0x00, 0x53, 0x15]))) resolve(bytes.toString("latin1"));
    });
  });
}

/** Writes until the other side has had enough, or all is written. */
async function pour(socket: Socket, piece: Buffer, pieces: number): Promise<void> {
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (let n = 0; n < pieces && socket.writable; n++) {
    if (!socket.write(piece))
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
  }
}

test("a frame above the limit that the broker has named ends the connection with that reason, and nothing of it is kept", async () => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const closed = once(connection, "connection_error") as Promise<[EventContext]>;
  const before = await heldBytes();
  socketOf(connection).write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0]));
  await pour(socketOf(connection), Buffer.alloc(MIB), 64);
  const [{ connection: refused }] = await closed;
  expect(refused.error).toMatchObject({
    condition: "amqp:connection:framing-error",
    description: expect.stringContaining("2147483647 bytes exceeds the limit of 1048576") as string,
  });
  await expectService(broker);
  expect((await heldBytes()) - before).toBeLessThan(4 * MIB);
});

test.each([
  { when: "before the open", bytes: Buffer.concat([HEADER, Buffer.from([0x40, 0, 0, 0, 2, 0, 0, 0])]) },
  {
    when: "where SASL is spoken",
    bytes: Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0, 0x40, 0, 0, 0, 2, 1, 0, 0]),
  },
])("a frame above the limit ends the connection $when", async ({ bytes }) => {
  const broker = await runBroker();
  const socket = connect(broker.port, "127.0.0.1");
  socket.on("error", () => undefined).resume();
  socket.write(bytes);
  await once(socket, "close");
  expect(broker.logs).toContainEqual(
    expect.objectContaining({ event: "service-bus.refused", what: "amqp:connection:framing-error" }),
  );
  await expectService(broker);
});

test.each([
  { pieces: "large", payload: Buffer.alloc(64 * 1024), frames: 1000 },
  { pieces: "tiny", payload: Buffer.alloc(1), frames: 50_000 },
  { pieces: "empty", payload: Buffer.alloc(0), frames: 50_000 },
])(
  "a message in $pieces pieces that never ends is rejected before, and nothing of it is kept",
  async (row) => {
    const broker = await runBroker();
    const connection = await connectRaw(broker.port);
    const { handle, next } = await openSender(connection);
    const rejected = rejection(connection);
    const before = await heldBytes();
    const frame = transfer(next, row.payload, { handle, more: true });
    const batch = Math.max(1, Math.floor(MIB / 16 / frame.length));
    await pour(
      socketOf(connection),
      Buffer.concat(Array.from({ length: batch }, () => frame)),
      Math.ceil(row.frames / batch),
    );
    expect(await rejected).toContain("amqp:link:message-size-exceeded");
    // Answered behind all that was poured: then nothing of it is under way any more.
    await openSender(connection);
    await expectService(broker);
    expect((await heldBytes()) - before).toBeLessThan(4 * MIB);
  },
);

test("a connection has at most so many messages half sent", async () => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const links = await Promise.all(Array.from({ length: 65 }, () => openSender(connection)));
  const { sender: last } = links.at(-1)!;
  const refused = once(last, "sender_error");
  const begin = links.map(({ handle, next }, n) =>
    transfer(next + n, Buffer.alloc(10), { handle, more: true }),
  );
  socketOf(connection).write(Buffer.concat(begin));
  await refused;
  expect(last.error).toMatchObject({ condition: "amqp:resource-limit-exceeded" });
  await expectService(broker);
});

test("a message that is taken back half sent is not kept, and the next one is", async () => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const { handle, next } = await openSender(connection);
  const message = rhea.message.encode({ body: "whole" });
  const frames = [
    transfer(next, message.subarray(0, 4), { handle, more: true }),
    transfer(next, Buffer.alloc(0), { handle, aborted: true }),
    transfer(next + 1, message.subarray(0, 4), { handle, more: true }),
    transfer(next + 1, message.subarray(4), { handle }),
  ];
  socketOf(connection).write(Buffer.concat(frames));
  const taken = await receiveOne(broker.connect().createReceiver("q", { receiveMode: "receiveAndDelete" }));
  expect(taken.sequenceNumber!.toNumber()).toBe(1);
});

test("a link gets exactly as many messages as it has credit for, and more when it gives more", async () => {
  const broker = await runBroker();
  await broker
    .connect()
    .createSender("q")
    .sendMessages([0, 1, 2, 3, 4, 5].map((body) => ({ body })));
  const connection = await connectRaw(broker.port);
  const receiver = connection.open_receiver({ source: "q", credit_window: 0, autoaccept: false });
  const ids: unknown[] = [];
  receiver.on("message", ({ delivery }: EventContext) => ids.push(delivery?.id));
  await once(receiver, "receiver_open");
  for (const [credit, expected] of [
    [1, 1],
    [3, 4],
  ] as const) {
    receiver.add_credit(credit);
    // The answer to a drain comes behind everything that the credit was good for.
    const drained = once(receiver, "receiver_drained");
    while (ids.length < expected) await once(receiver, "message");
    receiver.drain_credit();
    await drained;
    expect(ids).toHaveLength(expected);
    (receiver as unknown as { drain: boolean }).drain = false;
  }
});

test("a client that wants its messages in pieces of no length is refused", async () => {
  const broker = await runBroker();
  const connection = rhea
    .create_container()
    .connect({ host: "127.0.0.1", port: broker.port, reconnect: false, max_frame_size: 1 });
  connection.on("disconnected", () => undefined);
  const [{ connection: refused }] = (await once(connection, "connection_error")) as [EventContext];
  expect(refused.error).toMatchObject({ condition: "amqp:invalid-field" });
  await expectService(broker);
});

test("the official client learns that a message of several frames is too large, and goes on", async () => {
  const client = (await runBroker()).connect();
  const sender = client.createSender("q");
  await expect(sender.sendMessages({ body: Buffer.alloc(3 * MIB) })).rejects.toMatchObject({
    code: "MessageSizeExceeded",
  });
  await sender.sendMessages({ body: "small" });
  expect((await receiveOne(client.createReceiver("q"))).body).toBe("small");
});

test("the administration client is told that it is not offered, and where entities come from", async () => {
  const broker = await runBroker();
  // It insists on https, which the broker has not: its requests are passed on without.
  const administration = new ServiceBusAdministrationClient(broker.connectionString, {
    retryOptions: { maxRetries: 0 },
  });
  administration.pipeline.addPolicy({
    name: "plain",
    sendRequest: (request, next) => {
      request.url = request.url.replace("https:", "http:");
      request.allowInsecureConnection = true;
      return next(request);
    },
  });
  await expect(administration.getQueue("q")).rejects.toMatchObject({
    statusCode: 501,
    message: expect.stringMatching(/not offered by the local broker.*Config\.json/) as string,
  });
  await expectService(broker);
});

test.each([
  { what: "a GET", head: "GET /$Resources/queues HTTP/1.1\r\n\r\n", says: "administration client" },
  { what: "a PUT with a body", head: `PUT /q HTTP/1.1\r\n\r\n${"x".repeat(MIB)}`, says: "Config.json" },
  {
    what: "a WebSocket",
    head: "GET /$servicebus/websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    says: "WebSockets is not offered by the local broker. Connect over TCP",
  },
])("$what on the port is answered 501 by name, and closed", async ({ head, says }) => {
  const broker = await runBroker();
  const socket = connect(broker.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (bytes) => (answer += bytes.toString()));
  socket.write(head);
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\n/);
  expect(answer).toContain(says);
});
