/**
 * Blob triggers by listing: each version (ETag) of a matching blob calls the function once, five tries, then a
 * message in `webjobs-blobtrigger-poison`, as the real extension does. `source: "EventGrid"` is served the same way.
 */
import { type BlobItem, BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { RegisteredFunction } from "../core/core-module.js";
import type { RpcTypedData } from "../core/core-types.js";
import { type Invoke, triggerOf } from "../core/invoker.js";
import { asString, metadataOf } from "../core/typed-data.js";
import { type Log, messageOf } from "../log.js";
import type { HostJson, Settings } from "../settings.js";
import type { WorkTracker } from "../work-tracker.js";
import { parseBlobPath } from "./blob-path.js";
import type { BlobReceipts } from "./blob-receipts.js";
import { enqueue } from "./poison-queue.js";
import type { RunningTrigger } from "./running-trigger.js";

export interface BlobTriggerOptions {
  readonly invoke: Invoke;
  readonly log: Log;
  readonly work: WorkTracker;
  readonly settings: Settings;
  readonly receipts: BlobReceipts;
  readonly pollMs: number;
  readonly config: NonNullable<NonNullable<HostJson["extensions"]>["blobs"]>;
}

/** Defaults of the real extension (host.json, `extensions.blobs`). */
const POISON_AFTER = 5;
const PARALLEL = 16;
const POISON_QUEUE = "webjobs-blobtrigger-poison";
/** A handler's argument is the whole blob in memory; beyond this only a deferred binding makes sense. */
const CONTENT_LIMIT_BYTES = 64 * 1024 * 1024;

export function startBlobTrigger(target: RegisteredFunction, options: BlobTriggerOptions): RunningTrigger {
  const { invoke, log, work, settings, receipts, config } = options;
  const { name } = target.metadata;
  const where = `Function "${name}"`;
  const trigger = triggerOf(target);
  const path = parseBlobPath(settings.resolve(String(trigger.path), where), where);
  const connectionName = (trigger.connection as string | undefined) ?? "AzureWebJobsStorage";
  const connection = settings.connectionString(connectionName, where);
  const container = BlobServiceClient.fromConnectionString(connection, {
    retryOptions: { maxTries: 1 },
  }).getContainerClient(path.container);
  const deferred = trigger.properties?.supportsDeferredBinding === "true";
  const poisonAfter = config.poisonBlobThreshold ?? POISON_AFTER;
  const parallel = config.maxDegreeOfParallelism ?? PARALLEL;
  const running = new Map<string, Promise<void>>();

  const inputFor = async ({ name: blob, properties }: BlobItem): Promise<RpcTypedData> => {
    if (deferred) {
      const content = { Connection: connectionName, ContainerName: path.container, BlobName: blob };
      return {
        modelBindingData: {
          version: "1.0",
          source: "AzureStorageBlobs",
          contentType: "application/json",
          content: Buffer.from(JSON.stringify(content)),
        },
      };
    }
    const size = properties.contentLength ?? 0;
    if (size > CONTENT_LIMIT_BYTES) {
      throw new Error(
        `${path.container}/${blob} has ${size} bytes; the trigger would load them all. Register it with sdkBinding: true.`,
      );
    }
    return { bytes: size === 0 ? Buffer.alloc(0) : await container.getBlobClient(blob).downloadToBuffer() };
  };

  const call = async (item: BlobItem, values: Record<string, string>): Promise<void> => {
    const key = `${name}|${path.container}/${item.name}`;
    const { etag } = item.properties;
    const about = { function: name, blob: `${path.container}/${item.name}` };
    while (receipts.attempts(key, etag) < poisonAfter) {
      await receipts.attempt(key, etag);
      try {
        const { instanceId } = await invoke(target, {
          input: await inputFor(item),
          triggerMetadata: metadataFor(container, item, values),
          about,
        });
        await receipts.done(key, etag);
        log("info", "blob", { ...about, ...instanceId });
        return;
      } catch (error) {
        const attempt = receipts.attempts(key, etag);
        log("error", "function-failed", {
          ...about,
          attempt,
          error: messageOf(error),
          stack: (error as Error).stack,
        });
      }
    }
    log("error", "blob-poisoned", { ...about, attempts: poisonAfter, queue: POISON_QUEUE });
    const { blobType = "BlockBlob" } = item.properties;
    const message = {
      Type: "BlobTrigger",
      FunctionId: name,
      BlobType: blobType,
      ContainerName: path.container,
      BlobName: item.name,
      ETag: etag,
    };
    await enqueue(connection, POISON_QUEUE, JSON.stringify(message));
    await receipts.done(key, etag);
  };

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let lastError = "";
  const stopListing = new AbortController();

  const list = async () => {
    for await (const item of container.listBlobsFlat({
      prefix: path.prefix,
      includeMetadata: true,
      abortSignal: stopListing.signal,
    })) {
      const values = path.match(item.name);
      const key = `${name}|${path.container}/${item.name}`;
      if (values === undefined || receipts.isDone(key, item.properties.etag) || running.has(key)) continue;
      // At the limit the rest waits for the next listing.
      if (stopped || running.size >= parallel) return;
      const done = work.begin();
      const calling = call(item, values)
        .catch((error: unknown) =>
          log("error", "blob-trigger-failed", { function: name, error: messageOf(error) }),
        )
        .finally(() => {
          running.delete(key);
          done();
        });
      running.set(key, calling);
    }
    lastError = "";
  };

  const poll = async () => {
    try {
      await list();
    } catch (error) {
      // No container yet is how every new account begins; storage that is away is worth one line.
      const { code = "" } = error as { code?: string };
      if (!stopped && code !== "ContainerNotFound" && lastError !== (lastError = messageOf(error))) {
        log("warn", "storage-unreachable", { function: name, error: lastError });
      }
    }
    // `stop` may have run while the listing was awaited.
    if (!stopListing.signal.aborted) timer = setTimeout(() => void (polling = poll()), options.pollMs);
  };
  let polling = poll();

  return {
    async stop(graceMs) {
      stopped = true;
      stopListing.abort();
      clearTimeout(timer);
      await polling;
      await Promise.race([
        Promise.allSettled(running.values()),
        new Promise((r) => setTimeout(r, graceMs).unref()),
      ]);
    },
  };
}

/** `Properties` and `Metadata` as JSON, and one string for each `{name}` of the path. */
function metadataFor(
  container: ContainerClient,
  { name, properties, metadata }: BlobItem,
  values: Record<string, string>,
): Record<string, RpcTypedData> {
  const named = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, asString(value)]));
  return {
    ...named,
    ...metadataOf({
      BlobTrigger: `${container.containerName}/${name}`,
      Uri: JSON.stringify(container.getBlobClient(name).url),
      Properties: {
        LastModified: properties.lastModified,
        CreatedOn: properties.createdOn,
        ContentLength: properties.contentLength,
        ContentType: properties.contentType,
        ETag: properties.etag,
        BlobType: properties.blobType,
      },
      Metadata: metadata ?? {},
    }),
  };
}
