/** What other official clients do on the wire and JavaScript's does not, each seen with the AMQP library it stands on. */
import { once } from "node:events";
import rhea, { type Connection, type EventContext, type Receiver, type Sender } from "rhea";
import { expect, onTestFinished, test } from "vitest";
import { ask, connectRaw, EMULATOR, putToken, signToken } from "./raw-client.js";
import { receiveOne, runBroker } from "./support.js";

const types = rhea.types as unknown as { unwrap(value: unknown): unknown };

/** rhea's typings leave out what a client may do about SASL. */
type Options = Parameters<typeof rhea.connect>[0] & { sasl_mechanisms: object };

test("a .NET client, which knows only the SASL mechanism MSSBCBS, connects", async () => {
  const { port } = await runBroker();
  const start = (answer: (error: undefined, response: string) => void) => answer(undefined, "");
  const options: Options = {
    host: "127.0.0.1",
    port,
    reconnect: false,
    sasl_mechanisms: { MSSBCBS: () => ({ start }) },
  };
  const connection: Connection = rhea.create_container().connect(options);
  onTestFinished(() => connection.close());
  await once(connection, "connection_open");
  expect(await putToken(connection, signToken(EMULATOR))).toBe(202);
});

test.each([
  ["from the root, as .NET's client writes them", "/q", "/q/$DeadLetterQueue"],
  [
    "as URIs, as Python's client writes them",
    "amqps://127.0.0.1/q",
    "amqps://127.0.0.1:5671/q/$DeadLetterQueue",
  ],
])("addresses %s, name the same entities", async (_, queue, deadLetters) => {
  const broker = await runBroker();
  const connection = await connectRaw(broker.port);
  const sender: Sender = connection.open_sender(queue);
  await once(sender, "sendable");
  sender.send({ body: rhea.message.data_section(Buffer.from('"hello"')) as unknown });
  await once(sender, "accepted");
  const client = broker.connect();
  const official = client.createReceiver("q");
  const message = await receiveOne(official);
  expect(message.body).toBe("hello");
  await official.deadLetterMessage(message);
  const [{ message: dead }] = (await once(connection.open_receiver(deadLetters), "message")) as [
    EventContext,
  ];
  expect(dead?.message_annotations).toMatchObject({ "x-opt-deadletter-source": "q" });
});

test.each<[string, string, (connection: Connection) => Sender | Receiver]>([
  ["an unknown entity's sender", "amqp:not-found", (to) => to.open_sender("nowhere")],
  ["an unknown entity's receiver", "amqp:not-found", (to) => to.open_receiver("nowhere")],
  ["a topic's receiver", "amqp:not-allowed", (to) => to.open_receiver("t")],
  ["a sender to dead letters", "amqp:not-allowed", (to) => to.open_sender("q/$DeadLetterQueue")],
  ["a plain receiver of sessions", "amqp:not-allowed", (to) => to.open_receiver("sessions")],
])("%s is refused without a node at its end, which .NET waits for", async (_, condition, open) => {
  const { port } = await runBroker({
    queues: { q: {}, sessions: { RequiresSession: true } },
    topics: { t: { subscriptions: {} } },
  });
  const link = open(await connectRaw(port));
  const ends: unknown[] = [];
  for (const event of ["sender_open", "receiver_open"])
    link.once(event, () => ends.push(types.unwrap(link.source), types.unwrap(link.target)));
  await Promise.race([once(link, "sender_error"), once(link, "receiver_error")]);
  expect(ends).toEqual([null, null]);
  expect(link.error).toMatchObject({ condition });
});

const peek = {
  application_properties: { operation: "com.microsoft:peek-message" },
  body: { "from-sequence-number": rhea.types.wrap_long(0), "message-count": rhea.types.wrap_int(1) },
};

test("an answer names its request by the type that the request had: .NET looks for a ulong", async () => {
  const connection = await connectRaw((await runBroker()).port);
  const messageId = rhea.types.wrap_ulong(7) as unknown as string;
  const { raw } = await ask(connection, { ...peek, reply_to: "reply", message_id: messageId });
  // Smallulong 7 (AMQP 1.0, 1.6.4).
  expect(raw.includes(Buffer.of(0x53, 7))).toBe(true);
});

test("a request that names no link, as those of Python's client, is answered on the other link of its pair", async () => {
  const connection = await connectRaw((await runBroker()).port);
  const { reply } = await ask(connection, { ...peek, message_id: "1" });
  expect(reply).toMatchObject({ correlation_id: "1", application_properties: { statusCode: 204 } });
});

test("a deferred message carries its lock token, where Python's client looks for it", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  await client.createSender("q").sendMessages({ body: 1 });
  const receiver = client.createReceiver("q");
  await receiver.deferMessage(await receiveOne(receiver));
  const { reply } = await ask(await connectRaw(broker.port), {
    message_id: "1",
    application_properties: { operation: "com.microsoft:receive-by-sequence-number" },
    body: {
      "sequence-numbers": rhea.types.wrap_array([1], 0x81, undefined),
      "receiver-settle-mode": rhea.types.wrap_uint(1),
    },
  });
  const [deferred] = (reply.body as { messages: { message: Buffer; "lock-token": Buffer }[] }).messages;
  expect(rhea.message.decode(deferred!.message).delivery_annotations).toEqual({
    "x-opt-lock-token": deferred!["lock-token"],
  });
});
