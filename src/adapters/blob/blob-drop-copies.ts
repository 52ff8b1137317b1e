/** Copies made by the storage account itself: Copy Blob, begun here and asked after by whoever waits. */
import type { BlobServiceClient } from "@azure/storage-blob";
import type { DropCopies } from "../../ports/prepared-disks.js";
import { inContainer } from "./client.js";
import { isCode, isStatus, notOurs, refuseOrRethrow, refuseRead } from "./errors.js";

export function blobDropCopies(service: BlobServiceClient, containerName: string): DropCopies {
  const container = service.getContainerClient(containerName);
  return {
    async start(drop, name) {
      const source = service.getContainerClient(drop.container).getBlobClient(drop.blob);
      const target = container.getPageBlobClient(name);
      const sourceetag = drop.etag.replaceAll('"', "");
      try {
        // Within one account the request's own authorization reads the source (Copy Blob, "Authorization").
        await inContainer(container, () =>
          target.beginCopyFromURL(source.url, {
            conditions: { ifNoneMatch: "*" },
            sourceConditions: { ifMatch: drop.etag },
            metadata: { sourceetag, state: "copying" },
          }),
        );
        return;
      } catch (error) {
        if (isStatus(error, 412) || isStatus(error, 404)) refuseRead(error, drop.blob);
        if (!isCode(error, "BlobAlreadyExists", "PendingCopyOperation"))
          refuseOrRethrow(error, `Copying ${drop.blob}`);
      }
      const { metadata } = await target.getProperties();
      if (metadata?.sourceetag !== sourceetag) throw notOurs(name);
    },

    async ask(name) {
      const target = container.getPageBlobClient(name);
      const { copyStatus, copyProgress, copyStatusDescription } = await target.getProperties();
      if (copyStatus === "pending") return { state: "running", percent: percentOf(copyProgress) };
      if (copyStatus === "failed" || copyStatus === "aborted")
        return {
          state: "failed",
          code: "CopyFailed",
          message: copyStatusDescription ?? `The copy ended as ${copyStatus}.`,
        };
      return { state: "succeeded", value: { uri: target.url } };
    },
  };
}

/** "12/2048" */
function percentOf(progress = "0/1"): number {
  const [copied = 0, all = 1] = progress.split("/").map(Number);
  return Math.floor((100 * copied) / Math.max(1, all));
}
