/** The broker leans on private parts of rhea 3.0.5. When the version or a part changes, this says which. */
import { once } from "node:events";
import { createRequire } from "node:module";
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
