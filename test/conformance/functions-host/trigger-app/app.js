import { app } from "@azure/functions";
import { createRequire } from "node:module";

// Of the two builds of this package, the library reads the registry of the CommonJS one.
const { ResourceFactoryResolver } = createRequire(import.meta.url)("@azure/functions-extensions-base");
const factories = ResourceFactoryResolver.getInstance();
if (!factories.hasResourceFactory("AzureStorageBlobs")) {
  factories.registerResourceFactory("AzureStorageBlobs", ({ content }) =>
    JSON.parse(Buffer.from(content).toString()),
  );
}

/** What handlers saw, where a test in the same process can find it. */
const seen = (globalThis.fixtureSeen ??= []);
const record = (kind, what) => seen.push({ kind, ...structuredClone(what) });

app.timer("nightly", { schedule: "0 30 2 * * *", handler: (timer) => void record("timer", timer) });

app.storageBlob("dropped", {
  path: "drop/{folder}/{name}.vhd",
  connection: "AzureWebJobsStorage",
  handler: (content, context) => {
    record("blob", { content: content.toString(), metadata: context.triggerMetadata });
    if (content.toString() === "poison") throw new Error("cannot read this");
  },
});

app.storageBlob("droppedByName", {
  path: "%DROP_CONTAINER%/{name}",
  connection: "AzureWebJobsStorage",
  source: "EventGrid",
  sdkBinding: true,
  handler: (blob) => void record("name", blob),
});

app.serviceBusQueue("queued", {
  queueName: "%QUEUE%",
  connection: "BUS",
  handler: (message, context) => {
    record("queue", { message, metadata: context.triggerMetadata });
    if (message.fail) throw new Error("asked to fail");
  },
});

app.serviceBusTopic("heard", {
  topicName: "news",
  subscriptionName: "mine",
  connection: "BUS",
  handler: (message, context) => void record("topic", { message, metadata: context.triggerMetadata }),
});
