/** What a subscriber of the events' topic receives, over the local broker and by Microsoft's client. */
import { ServiceBusClient } from "@azure/service-bus";
import { afterAll, beforeAll, expect, test } from "vitest";
import { topicRunEvents } from "../../src/adapters/service-bus/topic-run-events.js";
import { runEvent } from "../../src/domain/run-event.js";
import { defaultEntities } from "../../src/local/cloud/entities.js";
import { realClock } from "../../src/local/clock.js";
import { startBroker } from "../../src/local/service-bus/broker.js";
import { parseEntities } from "../../src/local/service-bus/config.js";

const TOPIC = "run-events";

let broker: Awaited<ReturnType<typeof startBroker>>;
let client: ServiceBusClient;
beforeAll(async () => {
  const entities = parseEntities(JSON.stringify(defaultEntities(["requests"], [TOPIC])));
  broker = await startBroker({ entities, clock: realClock, log: () => undefined });
  client = new ServiceBusClient(broker.connectionString);
});
afterAll(async () => {
  await client.close();
  await broker.stop();
});

const about = {
  kind: "import",
  runId: "web-1",
  subject: "drop/web.vhd",
  endedAt: "2026-01-01T00:00:00Z",
} as const;
const error = { code: "VHD_FORMAT_VHDX", message: "A VHDX.", remedy: "Convert it.", stage: "doctor" };

test("a subscriber gets the whole ending, and can filter by kind, status and code", async () => {
  const event = runEvent(about, { status: "refused", stages: [], error, leftovers: [] });
  await topicRunEvents(broker, TOPIC).publish(event);
  const receiver = client.createReceiver(TOPIC, "all", { receiveMode: "receiveAndDelete" });
  const [message] = await receiver.receiveMessages(1);
  expect(message).toMatchObject({
    messageId: "import-web-1",
    subject: "import.refused",
    contentType: "application/json",
    applicationProperties: { kind: "import", status: "refused", code: "VHD_FORMAT_VHDX" },
    body: { ...about, status: "refused", error, leftovers: [] },
  });
});

test("a missing topic is an error that names it, and can be retried", async () => {
  const event = runEvent(about, { status: "succeeded", stages: [], leftovers: [] });
  await expect(topicRunEvents(broker, "nowhere").publish(event)).rejects.toThrow(/nowhere/);
});
