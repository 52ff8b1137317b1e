/** A run's documents as block blobs: one container, one folder a run. */
import type { BlobServiceClient } from "@azure/storage-blob";
import type { RunStore } from "../../ports/run-store.js";
import { contentOf, inContainer } from "./client.js";
import { isCode, isStatus, refuseOrRethrow } from "./errors.js";

export function blobRunStore(service: BlobServiceClient, containerName: string): RunStore {
  const container = service.getContainerClient(containerName);
  const client = (runId: string, name: string) => container.getBlockBlobClient(`${runId}/${name}`);
  const names = async (runId: string, prefix = "") => {
    const found: string[] = [];
    try {
      for await (const { name } of container.listBlobsFlat({ prefix: `${runId}/${prefix}` }))
        found.push(name.slice(runId.length + 1));
    } catch (error) {
      if (!isCode(error, "ContainerNotFound")) refuseOrRethrow(error, `Listing the documents of ${runId}`);
    }
    return found;
  };
  const store: RunStore = {
    async put(runId, name, bytes) {
      try {
        await inContainer(container, () => client(runId, name).upload(Buffer.from(bytes), bytes.length));
      } catch (error) {
        refuseOrRethrow(error, `Keeping ${runId}/${name}`);
      }
    },
    async putOnce(runId, name, bytes) {
      try {
        await inContainer(container, () =>
          client(runId, name).upload(Buffer.from(bytes), bytes.length, { conditions: { ifNoneMatch: "*" } }),
        );
        return bytes;
      } catch (error) {
        if (!isStatus(error, 409) && !isStatus(error, 412))
          refuseOrRethrow(error, `Keeping ${runId}/${name}`);
      }
      return (await store.get(runId, name)) ?? bytes;
    },
    async get(runId, name) {
      try {
        return (await contentOf(client(runId, name))).bytes;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        return refuseOrRethrow(error, `Fetching ${runId}/${name}`);
      }
    },
    list: names,
    async removeAll(runId) {
      for (const name of await names(runId)) await client(runId, name).deleteIfExists();
    },
  };
  return store;
}
