/** What other official clients do on the wire and JavaScript's does not, each seen with the AMQP library it stands on. */
import { once } from "node:events";
import rhea, { type Connection, type EventContext, type Receiver, type Sender } from "rhea";
import { expect, onTestFinished, test } from "vitest";
import { connectRaw, EMULATOR, putToken, signToken } from "./raw-client.js";
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

test("an answer names its request by the type that the request had: .NET looks for a ulong", async () => {
  const { port } = await runBroker();
  const connection = await connectRaw(port);
  const replies: Receiver = connection.open_receiver({ source: "q/$management", target: "reply" });
  await once(replies, "receiver_open");
  const requests: Sender = connection.open_sender({ target: "q/$management", snd_settle_mode: 1 });
  await once(requests, "sendable");
  requests.send({
    reply_to: "reply",
    message_id: rhea.types.wrap_ulong(7) as unknown as string,
    application_properties: { operation: "com.microsoft:peek-message" },
    body: { "from-sequence-number": rhea.types.wrap_long(0), "message-count": rhea.types.wrap_int(1) },
  });
  // Undecoded, since rhea gives every number type as a number.
  const raw = once(replies.session, "raw");
  const onTransfer = replies.session as unknown as { incoming: { on_transfer: (...all: unknown[]) => void } };
  const original = onTransfer.incoming.on_transfer.bind(onTransfer.incoming);
  onTransfer.incoming.on_transfer = (frame: unknown, ...rest) => {
    replies.session.emit("raw", (frame as { payload: Buffer }).payload);
    original(frame, ...rest);
  };
  const [payload] = (await raw) as [Buffer];
  // Smallulong 7 (AMQP 1.0, 1.6.4).
  expect(payload.includes(Buffer.of(0x53, 7))).toBe(true);
});
