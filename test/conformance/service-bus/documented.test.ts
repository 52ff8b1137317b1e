/** docs/local/service-bus.md: what it calls served is answered, and what it calls refused is refused by name. */
import { createRequire } from "node:module";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import type { EventContext } from "rhea";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { realClock } from "../../../src/local/clock.js";
import { parseEntities } from "../../../src/local/service-bus/config.js";
import { memoryJournal } from "../../../src/local/service-bus/journal.js";
import { answerManagement } from "../../../src/local/service-bus/management.js";
import { createNamespace } from "../../../src/local/service-bus/namespace.js";
import { tableOf } from "../documented.js";
import { connectRaw, openConnection, openCoordinator, putToken } from "./raw-client.js";
import { configText, runBroker } from "./support.js";

const DOCUMENT = "service-bus.md";

describe("operations of $management", () => {
  const config = configText({ queues: { queue: {} }, topics: { topic: { subscriptions: { s: {} } } } });
  const namespace = createNamespace(parseEntities(config), memoryJournal(), realClock);
  const paths = { queue: "queue", topic: "topic", subscription: "topic/Subscriptions/s" };
  const answerTo = (operation: string, path: string) => {
    const request = { application_properties: { operation: `com.microsoft:${operation}` }, body: {} };
    return answerManagement(request, { entity: namespace.find(path)!, connection: {}, clock: realClock });
  };
  const rows = tableOf(DOCUMENT, "operation of `$management`");

  it("lists every one that the official client knows", () => {
    const { Constants } = createRequire(resolve("node_modules/@azure/service-bus/package.json"))(
      "@azure/core-amqp",
    ) as { Constants: { operations: Readonly<Record<string, string>> } };
    const known = Object.values(Constants.operations).flatMap(
      (name) => /^com\.microsoft:(.*)$/.exec(name)?.[1] ?? [],
    );
    expect(known).toContain("peek-message");
    expect(rows.map(([name = ""]) => name.replaceAll("`", "")).sort()).toEqual(known.sort());
  });

  it.each(
    rows.flatMap(([name = "", queue, topic, subscription]) =>
      Object.entries({ queue, topic, subscription }).map(([kind, verdict]) => ({
        operation: name.replaceAll("`", ""),
        kind: kind as keyof typeof paths,
        verdict,
      })),
    ),
  )("$operation on a $kind is $verdict", ({ operation, kind, verdict }) => {
    expect(["served", "refused"]).toContain(verdict);
    // An empty request to an operation that is served is wrong in its own way.
    const refusal = {
      status: 501,
      description: expect.stringContaining(`Operation ${operation} on a ${kind} is not`) as string,
    };
    const answer = answerTo(operation, paths[kind]);
    if (verdict === "refused") expect(answer).toMatchObject(refusal);
    else expect(answer).not.toMatchObject(refusal);
  });
});

describe("what the document calls refused", () => {
  const refusedRows = tableOf(DOCUMENT, "operation")
    .filter(([, verdict]) => verdict === "refused")
    .map(([name]) => name);

  const queue = (properties: object) => () => void parseEntities(configText({ queues: { q: properties } }));
  const rule = (properties: object) => () =>
    void parseEntities(
      configText({
        topics: { t: { subscriptions: { s: { Rules: [{ Name: "r", Properties: properties }] } } } },
      }),
    );
  const sql = (SqlExpression: string, more: object = {}) =>
    rule({ FilterType: "Sql", SqlFilter: { SqlExpression }, ...more });

  it.each([
    ["SQL filters, rule actions", sql("color = 'red'"), "Use a correlation filter"],
    [
      "SQL filters, rule actions",
      sql("1=1", { Action: { SqlExpression: "SET a = 1" } }),
      "SQL actions are not supported",
    ],
    [
      "forwarding (`ForwardTo`, `ForwardDeadLetteredMessagesTo`)",
      queue({ ForwardTo: "x" }),
      "leave it empty",
    ],
    [
      "forwarding (`ForwardTo`, `ForwardDeadLetteredMessagesTo`)",
      queue({ ForwardDeadLetteredMessagesTo: "x" }),
      "leave it empty",
    ],
    ["partitioning (`EnablePartitioning`)", queue({ EnablePartitioning: true }), "EnablePartitioning"],
    ["`AutoDeleteOnIdle`", queue({ AutoDeleteOnIdle: "PT5M" }), "AutoDeleteOnIdle"],
    ["quotas (`MaxSizeInMegabytes`)", queue({ MaxSizeInMegabytes: 1 }), "MaxSizeInMegabytes"],
  ])("%s: the configuration with it is refused (%#)", (row, parse, message) => {
    expect(refusedRows).toContain(row);
    expect(parse).toThrow(message);
  });

  it("transactions", async () => {
    expect(refusedRows).toContain("transactions");
    const connection = await connectRaw((await runBroker()).port);
    const printed = vi.spyOn(console, "warn");
    onTestFinished(() => printed.mockRestore());
    const link = openCoordinator(connection);
    const [{ sender }] = (await once(link, "sender_error")) as [EventContext];
    expect(sender?.error).toMatchObject({ condition: "amqp:not-implemented" });
    expect((sender?.error as { description: string }).description).toMatch(/^Transactions are not/);
    expect(printed).not.toHaveBeenCalled();
  });

  it("Entra ID tokens", async () => {
    expect(refusedRows).toContain("Entra ID tokens");
    expect(await putToken(await openConnection((await runBroker()).port), "eyJ", "jwt")).toBe(401);
  });

  it.each([
    { row: "administration client (HTTP)", headers: {}, says: "administration client" },
    {
      row: "AMQP over WebSockets",
      headers: { connection: "Upgrade", upgrade: "websocket" },
      says: "AMQP over WebSockets",
    },
  ])("$row", async ({ row, headers, says }) => {
    expect(refusedRows).toContain(row);
    const { port } = await runBroker();
    const [response] = (await once(request({ port, host: "127.0.0.1", headers }).end(), "response")) as [
      IncomingMessage,
    ];
    expect(response.statusCode).toBe(501);
    expect(await text(response)).toContain(says);
  });

  it("batch delete", () => {
    expect(refusedRows).toContain("batch delete");
    expect(tableOf(DOCUMENT, "operation of `$management`")).toContainEqual([
      "`batch-delete-messages`",
      "refused",
      "refused",
      "refused",
    ]);
  });

  it("TLS", async () => {
    expect(refusedRows).toContain("TLS");
    const broker = await runBroker();
    const socket = connectTls({ port: broker.port, host: "127.0.0.1", rejectUnauthorized: false });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toMatch(/alert protocol version/);
    expect(broker.logs).toContainEqual(
      expect.objectContaining({
        what: "TLS",
        reason: expect.stringContaining("connection string") as string,
      }),
    );
  });

  it("is all covered here", () => {
    expect(refusedRows).toHaveLength(11);
  });
});

describe("what the document calls simplified about limits", () => {
  const simplifiedRows = tableOf(DOCUMENT, "operation")
    .filter(([, verdict]) => verdict === "simplified")
    .map(([name]) => name);

  it("throttling: a thousand requests at once are all answered", async () => {
    expect(simplifiedRows).toContain("throttling");
    const broker = await runBroker();
    const sender = broker.connect().createSender("q");
    await Promise.all(Array.from({ length: 1000 }, (_, body) => sender.sendMessages({ body })));
    expect(broker.peekCounts()[0]).toMatchObject({ active: 1000 });
  });

  it("bounds of a connection: those of bounds.test.ts, which the broker's open names", async () => {
    expect(simplifiedRows).toContain("bounds of a connection");
    const { max_frame_size: limit } = await connectRaw((await runBroker()).port);
    expect(limit).toBe(1024 * 1024);
  });
});
