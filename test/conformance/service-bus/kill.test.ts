/** kill -9 and torn files: what the broker has acknowledged, it still has. Runs the built broker as a child process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ServiceBusClient } from "@azure/service-bus";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import {
  bodies,
  configText,
  connect,
  receive,
  receiveNothing,
  receiveOne,
  runBroker,
  type Setup,
} from "./support.js";

const MAIN = "dist/local/service-bus/main.js";

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npm run build" first; npm test does.`);
});

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "service-bus-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Starts the broker on the files in `directory`; every start may be the last of its port. `limitBlocks`: no file may grow
 * beyond so many blocks, as on a full disk.
 */
async function spawnBroker(
  directory: string,
  setup: Setup,
  { port = 0, limitBlocks }: { port?: number; limitBlocks?: number } = {},
): Promise<{ connectionString: string; port: number; kill: () => Promise<void> }> {
  const config = join(directory, "Config.json");
  writeFileSync(config, configText(setup));
  const node = [process.execPath, MAIN, "--config", config, "--port", `${port}`];
  node.push("--journal", join(directory, "journal"));
  const [command = "", ...args] =
    limitBlocks === undefined ? node : ["sh", "-c", `ulimit -f ${limitBlocks}; exec "$@"`, "sh", ...node];
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  return { ...(JSON.parse(line) as { connectionString: string; port: number }), kill };
}

test("no acknowledged message is lost or doubled, whenever the broker is killed among twenty senders", async () => {
  const directory = makeDirectory();
  const setup = { queues: { q: {} } };
  const acknowledged = new Set<string>();
  // The kill falls between two acknowledgements, while nineteen other sends are on their way.
  for (const [round, killAfter] of [1, 150].entries()) {
    const broker = await spawnBroker(directory, setup);
    const client = connect(broker.connectionString);
    const sender = client.createSender("q");
    let count = 0;
    let killed: Promise<void> | undefined;
    const sendOn = async (lane: number) => {
      for (let n = 0; killed === undefined; n++) {
        const messageId = `${round}-${lane}-${n}`;
        try {
          await sender.sendMessages({ body: Buffer.alloc(200), messageId });
        } catch {
          return;
        }
        acknowledged.add(messageId);
        if (++count === killAfter) killed = broker.kill();
      }
    };
    const lanes = Promise.all(Array.from({ length: 20 }, (_, lane) => sendOn(lane)));
    while (killed === undefined) await Promise.race([lanes, new Promise((resolve) => setImmediate(resolve))]);
    await killed;
  }
  const survivor = await spawnBroker(directory, setup);
  const receiver = connect(survivor.connectionString).createReceiver("q", {
    receiveMode: "receiveAndDelete",
  });
  const ids = (await receive(receiver, acknowledged.size)).map(({ messageId }) => String(messageId));
  for (let rest = await receiveNothing(receiver); rest.length > 0; rest = await receiveNothing(receiver)) {
    ids.push(...rest.map(({ messageId }) => String(messageId)));
  }
  expect([...acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
  expect(ids.length).toBe(new Set(ids).size);
});

test("everything a client was told outlives the process: states, counts, reasons, windows, schedules, sessions, rules", async () => {
  const directory = makeDirectory();
  const setup: Setup = {
    queues: {
      q: { MaxDeliveryCount: 5 },
      unique: { RequiresDuplicateDetection: true },
      sessions: { RequiresSession: true },
    },
    topics: { t: { properties: { RequiresDuplicateDetection: true }, subscriptions: { s: {} } } },
  };
  const first = await spawnBroker(directory, setup);
  const before = connect(first.connectionString);
  const q = before.createReceiver("q");
  await before
    .createSender("q")
    .sendMessages(["done", "failed", "deferred", "dead"].map((body) => ({ body, partitionKey: "p" })));
  const [done, failed, deferred, dead] = await receive(q, 4);
  await q.completeMessage(done!);
  await q.abandonMessage(failed!, { why: "busy" });
  await q.deferMessage(deferred!);
  await q.deadLetterMessage(dead!, { deadLetterReason: "broken", deadLetterErrorDescription: "no disk" });
  const unique = before.createSender("unique");
  await unique.sendMessages({ body: 1, messageId: "same" });
  const session = await before.acceptSession("sessions", "a");
  await session.setSessionState("step 3");
  const rules = before.createRuleManager("t", "s");
  await rules.createRule("captured", { subject: "captured" });
  await rules.deleteRule("$Default");
  const topic = before.createSender("t");
  const soon = new Date(Date.now() + 300);
  await topic.scheduleMessages({ body: "scheduled", subject: "captured", messageId: "once" }, soon);
  await first.kill();

  const second = await spawnBroker(directory, setup);
  const after = connect(second.connectionString);
  const again = after.createReceiver("q");
  expect(await receiveOne(again)).toMatchObject({
    body: "failed",
    deliveryCount: 1,
    partitionKey: "p",
    applicationProperties: { why: "busy" },
  });
  expect(bodies(await again.receiveDeferredMessages(deferred!.sequenceNumber!))).toEqual(["deferred"]);
  expect(await receiveOne(after.createReceiver("q", { subQueueType: "deadLetter" }))).toMatchObject({
    body: "dead",
    deadLetterReason: "broken",
    deadLetterSource: "q",
  });
  await after.createSender("unique").sendMessages({ body: 2, messageId: "same" });
  expect(bodies(await after.createReceiver("unique").peekMessages(10))).toEqual([1]);
  expect(await (await after.acceptSession("sessions", "a")).getSessionState()).toBe("step 3");
  await after.createSender("t").sendMessages([
    { body: "no rule", subject: "other" },
    { body: "duplicate", subject: "captured", messageId: "once" },
  ]);
  const subscription = after.createReceiver("t", "s", { receiveMode: "receiveAndDelete" });
  const fired = await receiveOne(subscription);
  expect(fired.body).toBe("scheduled");
  expect(fired.enqueuedTimeUtc!.getTime()).toBeGreaterThanOrEqual(soon.getTime());
  expect(await receiveNothing(subscription)).toEqual([]);
});

test("a full disk fails the send instead of acknowledging it, and takes nothing back", async () => {
  const directory = makeDirectory();
  const full = await spawnBroker(directory, { queues: { q: {} } }, { limitBlocks: 64 });
  const client = new ServiceBusClient(full.connectionString, { retryOptions: { maxRetries: 0 } });
  const sender = client.createSender("q");
  const acknowledged: string[] = [];
  const fill = async () => {
    for (let number = 0; number < 200; number++) {
      await sender.sendMessages({ body: "x".repeat(1000), messageId: `${number}` });
      acknowledged.push(`${number}`);
    }
  };
  await expect(fill()).rejects.toThrow("not kept");
  await full.kill();
  // Not awaited: a client whose broker has gone can take a minute.
  void client.close();
  const broker = await spawnBroker(directory, { queues: { q: {} } });
  const receiver = connect(broker.connectionString).createReceiver("q", { receiveMode: "receiveAndDelete" });
  const kept = await receive(receiver, acknowledged.length);
  expect(acknowledged.length).toBeGreaterThan(5);
  expect(kept.map(({ messageId }) => messageId)).toEqual(acknowledged);
});

test("a lock that the broker was killed under is lost: the message comes again, counted, and the subscriber goes on", async () => {
  const directory = makeDirectory();
  const setup = { queues: { q: { LockDuration: "PT5M" } } };
  const first = await spawnBroker(directory, setup);
  const client = connect(first.connectionString);
  await client.createSender("q").sendMessages({ body: 1 });
  const holder = client.createReceiver("q");
  const held = await receiveOne(holder);
  await first.kill();
  await spawnBroker(directory, setup, { port: first.port });
  const other = client.createReceiver("q");
  const again = await receiveOne(other);
  expect(again).toMatchObject({ body: 1, deliveryCount: 1 });
  await expect(holder.completeMessage(held)).rejects.toMatchObject({ code: "MessageLockLost" });
  await other.completeMessage(again);
  await client.close();
});

test("a message whose handler kills the broker's process is dead-lettered after as many attempts as it may have", async () => {
  const directory = makeDirectory();
  const setup = { queues: { q: { MaxDeliveryCount: 2 } } };
  const first = await spawnBroker(directory, setup);
  const before = connect(first.connectionString);
  await before.createSender("q").sendMessages({ body: "poison" });
  const receiver = before.createReceiver("q");
  await receiver.abandonMessage(await receiveOne(receiver));
  expect((await receiveOne(receiver)).deliveryCount).toBe(1);
  await first.kill();
  const client = connect((await spawnBroker(directory, setup)).connectionString);
  const dead = await receiveOne(client.createReceiver("q", { subQueueType: "deadLetter" }));
  expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
});

test("the process ends when its standard input does, so that no orphan holds the port", async () => {
  const directory = makeDirectory();
  const config = join(directory, "Config.json");
  writeFileSync(config, configText({ queues: { q: {} } }));
  const child = spawn(process.execPath, [MAIN, "--config", config, "--port", "0"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(createInterface(child.stdout), "line");
  child.stdin.end();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test.each([
  { tail: Buffer.from([0, 0]), why: "half a length" },
  { tail: Buffer.from([0, 0, 0, 9, 1, 2, 3, 4, 5]), why: "a record cut short" },
  {
    tail: Buffer.concat([Buffer.from([0, 0, 0, 4, 9, 9, 9, 9]), Buffer.from("abcd")]),
    why: "a record whose checksum is wrong",
  },
  { tail: Buffer.alloc(4096), why: "zeros, as a file system leaves them after a power failure" },
])("a journal that ends in $why is read up to there, and goes on", async ({ tail }) => {
  const journalDir = makeDirectory();
  const first = await runBroker(undefined, { journalDir });
  const client = first.connect();
  await client.createSender("q").sendMessages({ body: "kept" });
  await client.close();
  await first.stop();
  appendFileSync(join(journalDir, "service-bus.journal"), tail);
  const second = await runBroker(undefined, { journalDir });
  const next = second.connect();
  await next.createSender("q").sendMessages({ body: "added" });
  await next.close();
  await second.stop();
  const third = await runBroker(undefined, { journalDir });
  expect(bodies(await receive(third.connect().createReceiver("q"), 2))).toEqual(["kept", "added"]);
});

test("messages of an entity that left the configuration are kept, named in the log, and back when it is", async () => {
  const journalDir = makeDirectory();
  const first = await runBroker({ queues: { q: {}, gone: {} } }, { journalDir });
  const client = first.connect();
  await client.createSender("gone").sendMessages({ body: 1 });
  await client.close();
  const second = await restart(first, { queues: { q: {} } }, journalDir);
  expect(second.logs).toContainEqual(
    expect.objectContaining({ event: "service-bus.orphaned", path: "gone", messages: 1 }),
  );
  const third = await restart(second, { queues: { q: {}, gone: {} } }, journalDir);
  expect(third.peekCounts()).toContainEqual(expect.objectContaining({ path: "gone", active: 1 }));
});

test("a journal holds what lives and not what was, once it is opened again", async () => {
  const journalDir = makeDirectory();
  const file = join(journalDir, "service-bus.journal");
  const first = await runBroker(undefined, { journalDir, fsync: true });
  const client = first.connect();
  await client
    .createSender("q")
    .sendMessages(Array.from({ length: 200 }, () => ({ body: Buffer.alloc(1000) })));
  const receiver = client.createReceiver("q");
  for (const message of await receive(receiver, 200)) await receiver.completeMessage(message);
  await client.close();
  expect(statSync(file).size).toBeGreaterThan(200_000);
  const second = await restart(first, { queues: { q: {} } }, journalDir);
  expect(readFileSync(file).length).toBeLessThan(200);
  await second.connect().createSender("q").sendMessages({ body: 1 });
  const [message] = await second.connect().createReceiver("q").peekMessages(1);
  expect(message!.sequenceNumber!.toNumber()).toBe(201);
});

async function restart(broker: { stop(): Promise<void> }, setup: Setup, journalDir: string) {
  await broker.stop();
  return runBroker(setup, { journalDir });
}
