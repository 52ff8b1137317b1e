/** A storage account of one's own (Azurite in this process, in memory) with the import's ports on it. */
import { BlobServiceClient, newPipeline, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { StoragePipelineOptions } from "@azure/storage-blob";
import type { ImportPorts } from "../../src/activities/import/import-activities.js";
import { importActivities } from "../../src/activities/import/import-activities.js";
import { blobDropCopies } from "../../src/adapters/blob/blob-drop-copies.js";
import { blobDrops } from "../../src/adapters/blob/blob-drops.js";
import { blobPreparedDisks } from "../../src/adapters/blob/blob-prepared-disks.js";
import { blobRunStore } from "../../src/adapters/blob/blob-run-store.js";
import type { ActivityRef } from "../../src/contracts/activity.js";
import { startAzurite } from "../../src/local/storage/azurite.js";
import { faultyWire, type FaultyWire } from "./faulty-wire.js";

export const DROP = "drop";
export const WORK = "work";
const RUNS = "runs";
const PAGE_BYTES = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(PAGE_BYTES);

export type Account = Awaited<ReturnType<typeof openAccount>>;

const ONE_TRY: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };

export async function openAccount(standard = ONE_TRY) {
  const azurite = await startAzurite({ log: () => undefined });
  const key = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
  const serviceWith = (endpoint = azurite.blobEndpoint, options = standard) =>
    new BlobServiceClient(endpoint, newPipeline(key, options));
  const service = serviceWith();
  await service.getContainerClient(DROP).create();
  return {
    service,
    serviceWith,
    endpoint: azurite.blobEndpoint,
    close: () => azurite.stop(),

    async dropBlock(name: string, bytes: Buffer, metadata: Record<string, string> = {}) {
      await service
        .getContainerClient(DROP)
        .getBlockBlobClient(name)
        .upload(bytes, bytes.length, { metadata });
    },
    async dropPages(name: string, bytes: Buffer) {
      const blob = service.getContainerClient(DROP).getPageBlobClient(name);
      await blob.create(bytes.length);
      for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
        const part = bytes.subarray(at, at + PAGE_BYTES);
        if (!part.equals(ZEROS.subarray(0, part.length))) await blob.uploadPages(part, at, part.length);
      }
    },
    /** All of a prepared disk; what was never written is zeros, and does not travel. */
    async prepared(name: string): Promise<Buffer> {
      const blob = service.getContainerClient(WORK).getPageBlobClient(name);
      const { contentLength = 0 } = await blob.getProperties();
      const bytes = Buffer.alloc(contentLength);
      for await (const { start, end, isClear } of blob.listPageRanges())
        if (!isClear) await blob.downloadToBuffer(bytes.subarray(start, end + 1), start, end + 1 - start);
      return bytes;
    },
    dropped: (name: string) => service.getContainerClient(DROP).getBlobClient(name),
  };
}

/** The same behind a wire on which requests can be lost; closing it closes both. */
export async function openWiredAccount(): Promise<{ account: Account; wire: FaultyWire }> {
  const account = await openAccount();
  const wire = await faultyWire(account.endpoint);
  const close = async () => {
    await wire.close();
    await account.close();
  };
  return { account: { ...account, close }, wire };
}

export function portsOn(service: BlobServiceClient) {
  return {
    drops: blobDrops(service),
    prepared: blobPreparedDisks(service, WORK),
    copies: blobDropCopies(service, WORK),
    runs: blobRunStore(service, RUNS),
    allowedTargets: [],
    nowMs: () => Date.now(),
  };
}

/** Calls the import's activities by their refs, with what went in and out turned to JSON as in a history. */
export function activitiesOn(service: BlobServiceClient, changes: Partial<ImportPorts> = {}) {
  const ports = { ...portsOn(service), ...changes };
  const all = new Map(importActivities(ports).map(({ name, handler }) => [name, handler]));
  return async <I, O>(ref: ActivityRef<I, O>, input: I): Promise<O> => {
    const handler = all.get(ref.name) as ((input: I) => Promise<O>) | undefined;
    if (handler === undefined) throw new Error(`There is no activity ${ref.name}.`);
    const output = await handler(JSON.parse(JSON.stringify(input)) as I);
    return JSON.parse(JSON.stringify(output)) as O;
  };
}
