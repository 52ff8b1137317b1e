/** The broker leans on private parts of rhea 3.0.5. When the version or a part changes, this says which. */
import { once, type EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { PassThrough } from "node:stream";
import rhea from "rhea";
import { expect, onTestFinished, test } from "vitest";

const require = createRequire(import.meta.url);

test("rhea is the version whose faults the broker works around", () => {
  expect(require("rhea/package.json")).toMatchObject({ version: "3.0.5" });
});

test("the private parts of rhea that the broker uses are there, and links, sessions and connections have them", async () => {
  const server = rhea.create_container();
  const opened = once(server, "sender_open") as Promise<[Record<string, Record<string, unknown>>]>;
  const listener = server.listen({ host: "127.0.0.1", port: 0 });
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  const client = rhea.create_container().connect({ host: "127.0.0.1", port, reconnect: false });
  client.on("disconnected", () => undefined);
  onTestFinished(() => {
    client.close();
    listener.close();
  });
  client.open_receiver("q");
  const [{ sender, session, connection }] = await opened;
  const parts: [string, unknown, string][] = [
    ["connection._process", connection!._process, "function"],
    ["connection._register", connection!._register, "function"],
    ["connection.input", connection!.input, "function"],
    ["connection.on_open", connection!.on_open, "function"],
    ["session.on_attach", session!.on_attach, "function"],
    ["session.incoming.on_transfer", (session!.incoming as Record<string, unknown>).on_transfer, "function"],
    ["session.outgoing.available", (session!.outgoing as Record<string, unknown>).available, "function"],
    [
      "session.outgoing.next_delivery_id",
      (session!.outgoing as Record<string, unknown>).next_delivery_id,
      "number",
    ],
    [
      "session.outgoing.next_pending_delivery",
      (session!.outgoing as Record<string, unknown>).next_pending_delivery,
      "number",
    ],
    ["sender._get_drain", sender!._get_drain, "function"],
    ["sender._draining", sender!._draining, "boolean"],
    ["sender._drained", sender!._drained, "boolean"],
    ["sender.credit", sender!.credit, "number"],
    ["sender.delivery_count", sender!.delivery_count, "number"],
    ["sender.local.attach", (sender!.local as Record<string, unknown>).attach, "object"],
  ];
  expect(parts.filter(([, part, type]) => typeof part !== type).map(([name]) => name)).toEqual([]);
});

test("rhea keeps the error that ended its reading and the size of the frame it waits for where the broker looks", () => {
  const connection = (rhea.create_container() as unknown as { create_connection(options: object): Peeked })
    .create_connection({})
    .accept(Object.assign(new PassThrough(), { setNoDelay: () => undefined }));
  for (const event of ["protocol_error", "disconnected"]) connection.on(event, () => undefined);
  connection.input(Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0, 0, 0, 1, 0, 2]));
  expect(connection.frame_size).toBe(256);
  expect(connection.saved_error).toBeUndefined();
  connection.input(Buffer.alloc(256));
  expect(connection.saved_error).toBeInstanceOf(Error);
});

interface Peeked extends EventEmitter {
  accept(socket: PassThrough): Peeked;
  input(bytes: Buffer): void;
  readonly frame_size?: number;
  readonly saved_error?: Error;
}
