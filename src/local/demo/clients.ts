/** Microsoft's own clients against the local cloud: the demo touches it with nothing else. */
import { Readable } from "node:stream";
import { ComputeManagementClient } from "@azure/arm-compute";
import { ServiceBusClient } from "@azure/service-bus";
import { BlobServiceClient } from "@azure/storage-blob";
import type { Connections } from "../cloud/connections.js";

const UPLOAD_BLOCK_BYTES = 8 * 1024 * 1024;
const UPLOADS_AT_ONCE = 4;

/** Streams a file into a container, as a block blob: what every SDK and most tools make of an upload. */
export async function drop(
  { storage }: Connections,
  container: string,
  name: string,
  chunks: Iterable<Buffer>,
): Promise<void> {
  await BlobServiceClient.fromConnectionString(storage.connectionString)
    .getContainerClient(container)
    .getBlockBlobClient(name)
    .uploadStream(Readable.from(chunks), UPLOAD_BLOCK_BYTES, UPLOADS_AT_ONCE);
}

export interface Message {
  readonly messageId: string;
  readonly body: unknown;
}

export async function send(
  { serviceBus }: Connections,
  queue: string,
  messages: readonly Message[],
): Promise<void> {
  const client = new ServiceBusClient(serviceBus.connectionString);
  try {
    const sender = client.createSender(queue);
    await sender.sendMessages(messages.map((message) => ({ ...message, contentType: "application/json" })));
  } finally {
    await client.close();
  }
}

export function computeClient({ compute, subscriptionId }: Connections): ComputeManagementClient {
  // Without a credential: the SDK sends no token over plain http, and the simulator wants none.
  const client = new ComputeManagementClient(
    undefined as unknown as ConstructorParameters<typeof ComputeManagementClient>[0],
    subscriptionId,
    { endpoint: compute.endpoint, allowInsecureConnection: true },
  );
  return client;
}
