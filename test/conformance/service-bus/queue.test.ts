import { expect, test } from "vitest";
import { bodies, runBroker } from "./support.js";

test("a sent message is received once with its fields and is gone when completed", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  await client
    .createSender("q")
    .sendMessages({ body: { n: 1 }, messageId: "m-1", applicationProperties: { a: 5 } });
  const receiver = client.createReceiver("q");
  const [message] = await receiver.receiveMessages(1);
  expect(message).toMatchObject({
    body: { n: 1 },
    messageId: "m-1",
    deliveryCount: 0,
    applicationProperties: { a: 5 },
  });
  await receiver.completeMessage(message!);
  expect(broker.peekCounts()).toEqual([{ path: "q", active: 0, deadLettered: 0, scheduled: 0, deferred: 0 }]);
});

test("a dead-lettered message shows reason, description and source in the dead-letter queue", async () => {
  const broker = await runBroker();
  const client = broker.connect();
  await client.createSender("q").sendMessages([{ body: "a" }, { body: "b" }]);
  const receiver = client.createReceiver("q");
  const messages = await receiver.receiveMessages(2);
  expect(bodies(messages)).toEqual(["a", "b"]);
  for (const message of messages) {
    await receiver.deadLetterMessage(message, {
      deadLetterReason: "broken",
      deadLetterErrorDescription: "no disk",
    });
  }
  const dead = client.createReceiver("q", { subQueueType: "deadLetter" });
  const found = await dead.receiveMessages(2);
  expect(
    found.map((one) => [one.deadLetterReason, one.deadLetterErrorDescription, one.deadLetterSource]),
  ).toEqual([
    ["broken", "no disk", "q"],
    ["broken", "no disk", "q"],
  ]);
});
