/** docs/local/service-bus.md: what it calls served is answered, and what it calls refused is refused by name. */
import { createRequire } from "node:module";
import { once } from "node:events";
import { resolve } from "node:path";
import { connect as connectTls } from "node:tls";
import type { EventContext } from "rhea";
import { describe, expect, it } from "vitest";
import { realClock } from "../../../src/local/clock.js";
import { parseEntities } from "../../../src/local/service-bus/config.js";
import { memoryJournal } from "../../../src/local/service-bus/journal.js";
import { answerManagement } from "../../../src/local/service-bus/management.js";
import { createNamespace } from "../../../src/local/service-bus/namespace.js";
import { tableOf } from "../documented.js";
import { connectRaw, openConnection, putToken } from "./raw-client.js";
import { configText, runBroker } from "./support.js";

const DOCUMENT = "service-bus.md";

describe("operations of $management", () => {
  const text = configText({ queues: { queue: {} }, topics: { topic: { subscriptions: { s: {} } } } });
  const namespace = createNamespace(parseEntities(text), memoryJournal(), realClock);
  const paths = { queue: "queue", topic: "topic", subscription: "topic/Subscriptions/s" };
  const answerTo = (operation: string, path: string) => {
    const request = { application_properties: { operation: `com.microsoft:${operation}` }, body: {} };
    return answerManagement(request, namespace.find(path)!, realClock);
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
    [
      "TLS, WebSockets, partitioning, quotas, throttling",
      queue({ EnablePartitioning: true }),
      "EnablePartitioning",
    ],
    [
      "TLS, WebSockets, partitioning, quotas, throttling",
      queue({ MaxSizeInMegabytes: 1 }),
      "MaxSizeInMegabytes",
    ],
  ])("%s: the configuration with it is refused (%#)", (row, parse, message) => {
    expect(refusedRows).toContain(row);
    expect(parse).toThrow(message);
  });

  it("transactions", async () => {
    expect(refusedRows).toContain("transactions");
    const link = (await connectRaw((await runBroker()).port)).open_sender({ target: {} });
    const [{ sender }] = (await once(link, "sender_error")) as [EventContext];
    expect(sender?.error).toMatchObject({ condition: "amqp:not-implemented" });
  });

  it("Entra ID tokens", async () => {
    expect(refusedRows).toContain("Entra ID tokens");
    expect(await putToken(await openConnection((await runBroker()).port), "eyJ", "jwt")).toBe(401);
  });

  it("administration client (HTTP), batch delete: nothing speaks HTTP there", async () => {
    expect(refusedRows).toContain("administration client (HTTP), batch delete");
    const { port } = await runBroker();
    await expect(fetch(`http://127.0.0.1:${port}/$Resources/queues`)).rejects.toThrow();
  });

  it("TLS", async () => {
    const { port } = await runBroker();
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error).toBeInstanceOf(Error);
  });

  it("is all covered here", () => {
    expect(refusedRows).toHaveLength(6);
  });
});
