/**
 * A bare rhea client, for what the official one does only under load or never: settling in one tick, draining without
 * credit, a wrong key. Its token is signed here anew, so that a mistake in the broker's check cannot agree with itself.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import rhea, { type Connection, type EventContext, type Message, type Receiver, type Sender } from "rhea";
import { onTestFinished } from "vitest";

export interface Credentials {
  readonly name: string;
  readonly key: string;
  readonly expiresAtMs?: number;
}

export const EMULATOR: Credentials = { name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

export function signToken({ name, key, expiresAtMs = Date.now() + 60_000 }: Credentials): string {
  const resource = encodeURIComponent("sb://127.0.0.1/q");
  const expiry = Math.floor(expiresAtMs / 1000);
  const signature = createHmac("sha256", key).update(`${resource}\n${expiry}`).digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expiry}&skn=${name}`;
}

export async function openConnection(port: number): Promise<Connection> {
  const connection = rhea.create_container().connect({ host: "127.0.0.1", port, reconnect: false });
  // Heard here, so that rhea does not throw what a test looks at elsewhere.
  for (const event of ["connection_error", "disconnected", "session_error"])
    connection.on(event, () => undefined);
  onTestFinished(() => connection.close());
  await once(connection, "connection_open");
  return connection;
}

/** The status $cbs answers with. */
export async function putToken(
  connection: Connection,
  token: string,
  type = "servicebus.windows.net:sastoken",
): Promise<unknown> {
  const replies: Receiver = connection.open_receiver({ source: "$cbs", name: "cbs-reply" });
  await once(replies, "receiver_open");
  const requests = connection.open_sender("$cbs");
  await once(requests, "sendable");
  requests.send({
    reply_to: "cbs-reply",
    message_id: "token",
    application_properties: { operation: "put-token", type, name: "sb://127.0.0.1/q" },
    body: token,
  });
  const [{ message }] = (await once(replies, "message")) as [EventContext];
  return (message?.application_properties as Record<string, unknown>)["status-code"];
}

export async function connectRaw(port: number): Promise<Connection> {
  const connection = await openConnection(port);
  await putToken(connection, signToken(EMULATOR));
  return connection;
}

/** A link to the coordinator of transactions (AMQP 1.0, 4.5.1), which rhea cannot write by itself. */
export function openCoordinator(connection: Connection): Sender {
  const { described, wrap_list, wrap_ulong } = rhea.types as unknown as Record<
    string,
    (...of: unknown[]) => unknown
  >;
  const link = connection.open_sender({ target: {} });
  const { attach } = (link as unknown as { local: { attach: { target: unknown } } }).local;
  attach.target = described!(wrap_ulong!(0x30), wrap_list!([]));
  return link;
}

/** A request to `$management` of q, settled by the sender as .NET and Python do it. */
export async function ask(connection: Connection, request: object): Promise<{ reply: Message; raw: Buffer }> {
  const replies: Receiver = connection.open_receiver({ source: "q/$management", target: "reply" });
  await once(replies, "receiver_open");
  // Undecoded too, since rhea gives a number of any type as a number.
  let raw: Buffer = Buffer.alloc(0);
  const { incoming } = replies.session as unknown as {
    incoming: { on_transfer(frame: { payload: Buffer }, receiver: Receiver): void };
  };
  const onTransfer = incoming.on_transfer.bind(incoming);
  incoming.on_transfer = (frame, receiver) => {
    raw = frame.payload;
    onTransfer(frame, receiver);
  };
  const requests: Sender = connection.open_sender({ target: "q/$management", snd_settle_mode: 1 });
  await once(requests, "sendable");
  requests.send(request as Message);
  const [{ message }] = (await once(replies, "message")) as [EventContext];
  // A request that names no link goes to any of its session that is open.
  replies.close();
  requests.close();
  return { reply: message!, raw };
}
