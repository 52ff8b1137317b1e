/** Clients that mean harm or are broken: their connection ends or waits, and everybody else is served. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { connectRaw } from "./raw-client.js";
import { receiveOne, runBroker, type TestBroker } from "./support.js";

const AMQP = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);
const SASL = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);

async function throwAt({ port }: TestBroker, bytes: Uint8Array): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1").on("error", () => undefined);
  const closed = once(socket, "close");
  socket.resume();
  socket.end(bytes);
  await closed;
}

async function expectService(broker: TestBroker): Promise<void> {
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: "still here" });
  const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  expect((await receiveOne(receiver)).body).toBe("still here");
}

test("random bytes, torn frames and frames of any size leave the broker to the others", async () => {
  const broker = await runBroker();
  const bytes = fc.uint8Array({ maxLength: 200 });
  const frame = fc
    .tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 255 }), fc.nat({ max: 1 }), bytes)
    .map(([size, offset, type, body]) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(size);
      head[4] = offset;
      head[5] = type;
      return Buffer.concat([head, body]);
    });
  const attack = fc.oneof(
    bytes,
    bytes.map((some) => Buffer.concat([AMQP, some])),
    frame.map((some) => Buffer.concat([AMQP, some])),
    frame.map((some) => Buffer.concat([SASL, some])),
  );
  await fc.assert(
    fc.asyncProperty(attack, (some) => throwAt(broker, some)),
    { numRuns: 150 },
  );
  await expectService(broker);
});

test("two thousand links of one connection are opened and leave room for the others", async () => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const opened = Array.from({ length: 2000 }, (_, number) => {
    const link =
      number % 2 === 0
        ? connection.open_sender("q")
        : connection.open_receiver({ source: "q", credit_window: 0 });
    return once(link, number % 2 === 0 ? "sender_open" : "receiver_open");
  });
  await Promise.all(opened);
  await expectService(broker);
});

test("a receiver that never reads holds no more than its credit, and the others go on", async () => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const receiver = connection.open_receiver({ source: "q", credit_window: 0, autoaccept: false });
  await once(receiver, "receiver_open");
  receiver.add_credit(5);
  const { socket } = connection as unknown as { socket: Socket };
  await new Promise((resolve) => setImmediate(resolve));
  socket.pause();
  onTestFinished(() => void socket.resume());
  const client = broker.connect();
  const messages = Array.from({ length: 8 }, (_, body) => ({ body, timeToLive: 3_600_000 }));
  await client.createSender("q").sendMessages(messages);
  const other = client.createReceiver("q");
  const taken = await receiveOne(other);
  expect(taken.body).toBe(5);
  await other.completeMessage(taken);
});
