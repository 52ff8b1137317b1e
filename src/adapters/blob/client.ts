/** The account's client. Throttling, outages and slow answers are ridden out here, request by request. */
import type { BlobClient, StoragePipelineOptions } from "@azure/storage-blob";
import {
  BlobSASPermissions,
  BlobServiceClient,
  SASProtocol,
  StorageSharedKeyCredential,
  type ContainerClient,
} from "@azure/storage-blob";
import { isCode } from "./errors.js";

/** Exponential by default. One page blob takes 60 MiB/s, so 4 MiB in two minutes is a server that hangs. */
const PATIENCE: StoragePipelineOptions = {
  retryOptions: { maxTries: 6, tryTimeoutInMs: 120_000, retryDelayInMs: 800, maxRetryDelayInMs: 30_000 },
};

export type Credential = Extract<BlobClient["credential"], { getToken: unknown }>;

export const blobServiceByKey = (connectionString: string, options = PATIENCE): BlobServiceClient =>
  BlobServiceClient.fromConnectionString(connectionString, options);

export const blobServiceByIdentity = (accountUrl: string, credential: Credential): BlobServiceClient =>
  new BlobServiceClient(accountUrl, credential, PATIENCE);

/** Runs `act`; when the container is missing, makes it and runs `act` once more. */
export async function inContainer<T>(container: ContainerClient, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isCode(error, "ContainerNotFound")) throw error;
    await container.createIfNotExists();
    return act();
  }
}

/**
 * A small blob, in one request: the SDK's downloadToBuffer asks for the length first. Of what a stranger wrote no more
 * than about `maxBytes` is taken in: the rest is cut off, not waited for.
 */
export async function contentOf(
  blob: BlobClient,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<{ readonly bytes: Buffer; readonly etag: string }> {
  const { readableStreamBody, etag = "" } = await blob.download();
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of readableStreamBody ?? []) {
    parts.push(Buffer.from(part));
    length += part.length;
    if (length > maxBytes) break;
  }
  return { bytes: Buffer.concat(parts), etag };
}

/** A signature must not cross a network in clear; an embedded Azure on this machine has no other way. */
export const protocolOf = (url: string): SASProtocol =>
  url.startsWith("https:") ? SASProtocol.Https : SASProtocol.HttpsAndHttp;

/** How the account may be told to read a blob of its own by itself. Made for one request and never kept. */
export async function readableBy(
  blob: BlobClient,
): Promise<{ url: string; sourceAuthorization?: { scheme: string; value: string } }> {
  const { credential } = blob;
  if (credential instanceof StorageSharedKeyCredential) {
    const expiresOn = new Date(Date.now() + 15 * 60_000);
    const permissions = BlobSASPermissions.parse("r");
    return { url: await blob.generateSasUrl({ permissions, expiresOn, protocol: protocolOf(blob.url) }) };
  }
  if (!("getToken" in credential)) return { url: blob.url };
  const token = await credential.getToken("https://storage.azure.com/.default");
  return token
    ? { url: blob.url, sourceAuthorization: { scheme: "Bearer", value: token.token } }
    : { url: blob.url };
}
