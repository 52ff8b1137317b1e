/** Blob, timer and Service Bus triggers, against a real emulator and broker in this process. */
import { ServiceBusClient } from "@azure/service-bus";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  type ContainerClient,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { realClock } from "../../../src/local/clock.js";
import { type Broker, startBroker } from "../../../src/local/service-bus/broker.js";
import { parseEntities } from "../../../src/local/service-bus/config.js";
import { type Azurite, startAzurite } from "../../../src/local/storage/azurite.js";
import { configText } from "../service-bus/support.js";
import { type Fixture, startFixture } from "./fixture.js";

interface Seen {
  readonly kind: string;
  readonly metadata?: Record<string, unknown>;
  readonly [field: string]: unknown;
}
const seen: Seen[] = ((globalThis as { fixtureSeen?: Seen[] }).fixtureSeen ??= []);
const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 15_000, interval: 10 });

const startBus = (port = 0) =>
  startBroker({
    clock: realClock,
    port,
    entities: parseEntities(
      configText({
        queues: { work: { MaxDeliveryCount: 3 }, unused: {} },
        topics: { news: { subscriptions: { mine: {} } } },
      }),
    ),
    log: () => undefined,
  });

let storage: Azurite;
let bus: Broker;
let fixture: Fixture;
let drop: ContainerClient;
let inbox: ContainerClient;
beforeAll(async () => {
  storage = await startAzurite({ log: () => undefined });
  bus = await startBus();
  const client = BlobServiceClient.fromConnectionString(storage.connectionString);
  drop = client.getContainerClient("drop");
  inbox = client.getContainerClient("inbox");
  const settings = {
    AzureWebJobsStorage: storage.connectionString,
    DROP_CONTAINER: "inbox",
    QUEUE: "work",
    BUS: bus.connectionString,
  };
  // No container exists yet, as on the first day of an account.
  fixture = await startFixture("trigger-app", { settings, blobPollMs: 20 });
  await Promise.all([drop.create(), inbox.create()]);
});
afterAll(async () => {
  await fixture.stop();
  await bus.stop();
  await storage.stop();
});

const put = (container: ContainerClient, name: string, text: string, metadata = {}) =>
  container.getBlockBlobClient(name).upload(text, text.length, { metadata });
const ofBlob = (path: string) => seen.filter(({ metadata }) => metadata?.blobTrigger === path);

describe("a blob trigger", () => {
  it("gets content, metadata and the parts of the name, once for each version", async () => {
    await put(drop, "a/one.vhd", "first", { Key: "v" });
    await until(() => ofBlob("drop/a/one.vhd").length === 1);
    expect(ofBlob("drop/a/one.vhd")[0]).toMatchObject({
      content: "first",
      metadata: { folder: "a", name: "one", metadata: { key: "v" }, properties: { contentLength: 5 } },
    });
    await put(drop, "a/one.vhd", "second");
    await until(() => ofBlob("drop/a/one.vhd").length === 2);
    await put(drop, "a/marker.vhd", "later");
    await until(() => ofBlob("drop/a/marker.vhd").length === 1);
    expect(ofBlob("drop/a/one.vhd").map(({ content }) => content)).toEqual(["first", "second"]);
  });

  it("leaves alone what its path does not match", async () => {
    await put(drop, "a/one.txt", "x");
    await put(drop, "no-folder.vhd", "x");
    await put(drop, "a/after.vhd", "x");
    await until(() => ofBlob("drop/a/after.vhd").length === 1);
    expect(ofBlob("drop/a/one.txt")).toEqual([]);
    expect(ofBlob("drop/no-folder.vhd")).toEqual([]);
  });

  it("gets the name alone with sdkBinding, so that no content is ever loaded", async () => {
    await put(inbox, "deep/er/name", "z".repeat(100));
    await until(() => seen.some(({ BlobName }) => BlobName === "deep/er/name"));
    expect(seen.find(({ BlobName }) => BlobName === "deep/er/name")).toEqual({
      kind: "name",
      Connection: "AzureWebJobsStorage",
      ContainerName: "inbox",
      BlobName: "deep/er/name",
    });
  });

  it("tries five times, then puts a message into the poison queue", async () => {
    await put(drop, "a/bad.vhd", "poison");
    await until(() =>
      fixture.lines.some(({ event, blob }) => event === "blob-poisoned" && blob === "drop/a/bad.vhd"),
    );
    await fixture.host.idle();
    expect(ofBlob("drop/a/bad.vhd")).toHaveLength(5);
    const message = await receivePoison();
    expect(message).toMatchObject({ Type: "BlobTrigger", ContainerName: "drop", BlobName: "a/bad.vhd" });
  });

  it("does not call again after a restart for what it has seen", async () => {
    const before = seen.length;
    await fixture.restart();
    await put(drop, "a/new.vhd", "x");
    await until(() => ofBlob("drop/a/new.vhd").length === 1);
    expect(seen.slice(before).map(({ metadata }) => metadata?.blobTrigger)).toEqual(["drop/a/new.vhd"]);
  });

  it("says once that the storage is away", async () => {
    const away = await startFixture("trigger-app", {
      settings: {
        AzureWebJobsStorage: storage.connectionString.replace(
          /BlobEndpoint=http:\/\/[^/]+/,
          "BlobEndpoint=http://127.0.0.1:1",
        ),
        DROP_CONTAINER: "inbox",
        QUEUE: "unused",
        BUS: bus.connectionString,
      },
      blobPollMs: 5,
    });
    const unreachable = () => away.lines.filter(({ event }) => event === "storage-unreachable");
    await until(() => unreachable().length === 2);
    await away.stop();
    expect(unreachable().map(({ function: name }) => name)).toEqual(["dropped", "droppedByName"]);
    expect(JSON.stringify(away.lines)).not.toContain(storage.accountKey);
    await fixture.restart(); // One app at a time is loaded; give the registrations back to the shared host.
  });
});

/** The poison queue the way every client reads it: REST with an account SAS. */
async function receivePoison(): Promise<unknown> {
  const sas = generateAccountSASQueryParameters(
    {
      expiresOn: new Date(Date.now() + 60_000),
      permissions: AccountSASPermissions.parse("rp"),
      resourceTypes: AccountSASResourceTypes.parse("o").toString(),
      services: AccountSASServices.parse("q").toString(),
    },
    new StorageSharedKeyCredential(storage.accountName, storage.accountKey),
  );
  const url = `${storage.queueEndpoint}/webjobs-blobtrigger-poison/messages?${sas.toString()}`;
  const text = /<MessageText>(.*?)<\/MessageText>/.exec(await (await fetch(url)).text())?.[1] ?? "";
  return JSON.parse(Buffer.from(text, "base64").toString()) as unknown;
}

describe("a timer trigger", () => {
  it("fires by its NCRONTAB schedule on the host's clock and knows its next time", async () => {
    fixture.clock.advance(24 * 3600_000);
    await fixture.host.idle();
    const [timer] = seen.filter(({ kind }) => kind === "timer");
    expect(timer).toMatchObject({ isPastDue: false, scheduleStatus: { next: "2026-01-02T02:30:00.000Z" } });
  });

  it("runs at start, past due, when its time came while the host was down", async () => {
    await fixture.host.stop();
    fixture.clock.advance(48 * 3600_000);
    const before = seen.length;
    await fixture.restart();
    await fixture.host.idle();
    expect(seen.slice(before)).toContainEqual(expect.objectContaining({ kind: "timer", isPastDue: true }));
  });
});

describe("a Service Bus trigger", () => {
  const send = async (
    ...messages: Parameters<ReturnType<ServiceBusClient["createSender"]>["sendMessages"]>[0][]
  ) => {
    const client = new ServiceBusClient(bus.connectionString);
    const sender = client.createSender("work");
    for (const message of messages) await sender.sendMessages(message);
    await client.close();
  };
  const ofMessage = (test: (message: Record<string, unknown>) => boolean) =>
    seen.filter(({ kind, message }) => kind === "queue" && test(message as Record<string, unknown>));

  it("gets the parsed body and metadata with the quirks of the real host", async () => {
    await send({
      body: { n: 1 },
      contentType: "application/json",
      messageId: "12345",
      correlationId: "run-1",
      subject: "capture",
      applicationProperties: { JobId: "j", nested: "7" },
    });
    await until(() => ofMessage(({ n }) => n === 1).length === 1);
    const { metadata } = ofMessage(({ n }) => n === 1)[0]!;
    expect(metadata).toMatchObject({
      messageId: 12345, // Every string is read as JSON on its way.
      correlationId: "run-1",
      deliveryCount: 1,
      subject: "capture",
      label: "capture",
      contentType: "application/json",
      applicationProperties: { jobId: "j", nested: "7" }, // Keys lose their capital.
    });
    expect(metadata?.enqueuedTimeUtc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
    expect(metadata?.enqueuedTime).toMatch(/\+00:00$/);
  });

  it("hands a failing message back until the broker gives up on it", async () => {
    await send({ body: { n: 2, fail: true } });
    await until(() => ofMessage(({ n }) => n === 2).length === 3);
    expect(ofMessage(({ n }) => n === 2).map(({ metadata }) => metadata?.deliveryCount)).toEqual([1, 2, 3]);
    await until(() => !fixture.host.busy());
    const client = new ServiceBusClient(bus.connectionString);
    const dead = await client.createReceiver("work", { subQueueType: "deadLetter" }).receiveMessages(1);
    expect(dead.map(({ body }) => body as unknown)).toEqual([{ n: 2, fail: true }]);
    await client.close();
  });

  it("settles each of many concurrent messages as its own handler ended", async () => {
    const bodies = Array.from({ length: 100 }, (_, n) => ({ batch: n, fail: n % 5 === 0 }));
    await send(bodies.map((body) => ({ body })));
    await until(() => ofMessage(({ batch }) => batch !== undefined).length === 80 + 20 * 3);
    await until(() => !fixture.host.busy());
    const calls = new Map<unknown, number>();
    for (const { message } of ofMessage(({ batch }) => batch !== undefined)) {
      const { batch } = message as { batch: number };
      calls.set(batch, (calls.get(batch) ?? 0) + 1);
    }
    for (const { batch, fail } of bodies) expect([batch, calls.get(batch)]).toEqual([batch, fail ? 3 : 1]);
  });

  it("listens to a topic through its subscription", async () => {
    const client = new ServiceBusClient(bus.connectionString);
    await client.createSender("news").sendMessages({ body: "not JSON" });
    await until(() => seen.some(({ kind }) => kind === "topic"));
    await client.close();
    expect(seen.find(({ kind }) => kind === "topic")).toMatchObject({
      message: "not JSON",
      metadata: { deliveryCount: 1 },
    });
  });

  it("comes back by itself when the broker restarts", async () => {
    const { port } = bus;
    await bus.stop();
    await until(() => fixture.lines.some(({ event }) => event === "service-bus-unreachable"));
    bus = await startBus(port);
    await send({ body: { n: "after" } });
    await until(() => ofMessage(({ n }) => n === "after").length === 1);
  });
});
