import { expect, test } from "vitest";
import { bodies, receive, receiveNothing, receiveOne, runBroker, standingClock } from "./support.js";

const correlation = (Name: string, CorrelationFilter: object) => ({
  Name,
  Properties: { FilterType: "Correlation", CorrelationFilter },
});
const sql = (Name: string, SqlExpression: string) => ({
  Name,
  Properties: { FilterType: "Sql", SqlFilter: { SqlExpression } },
});

test("a topic gives every subscription its own copy", async () => {
  const broker = await runBroker({ topics: { t: { subscriptions: { a: {}, b: {} } } } });
  const client = broker.connect();
  await client.createSender("t").sendMessages([{ body: 1 }, { body: 2 }]);
  const [a, b] = ["a", "b"].map((name) => client.createReceiver("t", name));
  const fromA = await receive(a!, 2);
  for (const message of fromA) await a!.completeMessage(message);
  expect(bodies(fromA)).toEqual([1, 2]);
  expect(bodies(await receive(b!, 2))).toEqual([1, 2]);
  expect(broker.peekCounts()).toMatchObject([
    { path: "t/Subscriptions/a", active: 0 },
    { path: "t/Subscriptions/b", active: 2 },
    { path: "t", scheduled: 0 },
  ]);
});

const message = {
  body: 1,
  messageId: "m",
  correlationId: "c",
  subject: "captured",
  contentType: "application/json",
  to: "x",
  replyTo: "y",
  replyToSessionId: "z",
  applicationProperties: { region: "westeurope", count: 3, last: true },
};
test.each([
  { rules: undefined, passes: true, why: "no rules means everything" },
  { rules: [sql("all", "1=1")], passes: true, why: "the true filter in SQL" },
  { rules: [sql("none", "1 = 0")], passes: false, why: "the false filter in SQL" },
  { rules: [correlation("r", { Label: "captured" })], passes: true, why: "one condition holds" },
  {
    rules: [correlation("r", { Label: "captured", MessageId: "other" })],
    passes: false,
    why: "one of two does not hold",
  },
  {
    rules: [
      correlation("r", {
        CorrelationId: "c",
        ContentType: "application/json",
        To: "x",
        ReplyTo: "y",
        ReplyToSessionId: "z",
      }),
    ],
    passes: true,
    why: "every system property can be a condition",
  },
  { rules: [correlation("r", { SessionId: "s" })], passes: false, why: "a property that the message lacks" },
  {
    rules: [correlation("r", { Properties: { region: "westeurope", count: 3, last: true } })],
    passes: true,
    why: "application properties by value",
  },
  { rules: [correlation("r", { Properties: { count: "3" } })], passes: false, why: "a text is no number" },
  {
    rules: [correlation("a", { Label: "other" }), correlation("b", { To: "x" })],
    passes: true,
    why: "any one rule is enough",
  },
])("rules decide what enters a subscription: $why", async ({ rules, passes }) => {
  const broker = await runBroker({ topics: { t: { subscriptions: { s: rules ? { Rules: rules } : {} } } } });
  await broker.connect().createSender("t").sendMessages(message);
  expect(broker.peekCounts()[0]).toMatchObject({ active: passes ? 1 : 0 });
});

test("a message that two rules let in comes once", async () => {
  const Rules = [correlation("a", { Label: "captured" }), correlation("b", { To: "x" })];
  const broker = await runBroker({ topics: { t: { subscriptions: { s: { Rules } } } } });
  await broker.connect().createSender("t").sendMessages(message);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 1 });
});

test("rules can be listed, removed and added while messages flow", async () => {
  const broker = await runBroker({ topics: { t: { subscriptions: { s: {} } } } });
  const client = broker.connect();
  const rules = client.createRuleManager("t", "s");
  const list = async () => {
    const found = [];
    for await (const rule of rules.listRules()) found.push([rule.name, rule.filter]);
    return found;
  };
  expect(await list()).toEqual([["$Default", { sqlExpression: "1=1" }]]);
  await rules.deleteRule("$Default");
  await rules.createRule("western", { subject: "captured", applicationProperties: { region: "westeurope" } });
  await expect(rules.createRule("western", { subject: "x" })).rejects.toThrow(/exists already/);
  await expect(rules.deleteRule("northern")).rejects.toMatchObject({
    code: "MessagingEntityNotFound",
  });
  expect(await list()).toMatchObject([
    ["western", { subject: "captured", applicationProperties: { region: "westeurope" } }],
  ]);
  await client.createSender("t").sendMessages([message, { body: 2, subject: "lost" }]);
  expect(bodies(await receive(client.createReceiver("t", "s"), 1))).toEqual([1]);
  expect(broker.peekCounts()[0]).toMatchObject({ active: 1 });
});

test("a SQL rule or a rule action is refused with what to do instead", async () => {
  const broker = await runBroker({ topics: { t: { subscriptions: { s: {} } } } });
  const rules = broker.connect().createRuleManager("t", "s");
  await expect(rules.createRule("r", { sqlExpression: "count > 3" })).rejects.toThrow(
    /"count > 3" is not supported.*correlation filter/,
  );
  await expect(
    rules.createRule("r", { sqlExpression: "1=1" }, { sqlExpression: "SET a = 1" }),
  ).rejects.toThrow(/actions are not supported/);
  expect(broker.logs).toContainEqual(
    expect.objectContaining({ level: "warn", event: "service-bus.refused" }),
  );
});

test("a subscription has dead letters of its own, which name it as their source", async () => {
  const broker = await runBroker({ topics: { t: { subscriptions: { s: { MaxDeliveryCount: 1 } } } } });
  const client = broker.connect();
  await client.createSender("t").sendMessages({ body: 1 });
  const receiver = client.createReceiver("t", "s");
  await receiver.abandonMessage(await receiveOne(receiver));
  const dead = await receiveOne(client.createReceiver("t", "s", { subQueueType: "deadLetter" }));
  expect(dead).toMatchObject({
    deadLetterSource: "t/Subscriptions/s",
    deadLetterReason: "MaxDeliveryCountExceeded",
  });
});

test("a topic holds schedules and detects duplicates before it fans out", async () => {
  const clock = standingClock();
  const properties = { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: "PT1M" };
  const broker = await runBroker({ topics: { t: { properties, subscriptions: { s: {} } } } }, { clock });
  const client = broker.connect();
  const sender = client.createSender("t");
  const receiver = client.createReceiver("t", "s");
  const at = new Date(clock.now() + 30_000);
  const [cancelled] = await sender.scheduleMessages({ body: "cancelled", messageId: "1" }, at);
  await sender.scheduleMessages({ body: "kept", messageId: "2" }, at);
  await sender.sendMessages({ body: "twice", messageId: "2" });
  await sender.cancelScheduledMessages(cancelled!);
  expect(await receiveNothing(receiver)).toEqual([]);
  clock.advance(30_000);
  expect(bodies(await receive(receiver, 1))).toEqual(["kept"]);
});
