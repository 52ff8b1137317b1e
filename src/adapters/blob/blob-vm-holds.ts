/**
 * Holds as blobs: one a VM, created only if it is not there, so that of two runs one wins. Its content is the run that
 * holds it, for whoever waits. A hold does not expire: a run lets go when it ends, and the janitor is for the rest.
 */
import { createHash } from "node:crypto";
import type { BlobServiceClient } from "@azure/storage-blob";
import type { VmHolds } from "../../ports/vm-holds.js";
import { contentOf, inContainer } from "./client.js";
import { isCode, isStatus, refuseOrRethrow } from "./errors.js";

const HOLDS = "holds/";

export function blobVmHolds(service: BlobServiceClient, containerName: string): VmHolds {
  const container = service.getContainerClient(containerName);
  // A VM's id holds slashes, and Azure compares it without case.
  const nameOf = (vmId: string) => createHash("sha256").update(vmId.toLowerCase()).digest("hex").slice(0, 32);
  const at = (hold: string) => container.getBlockBlobClient(`${HOLDS}${hold}`);
  const blob = (vmId: string) => at(nameOf(vmId));

  const holder = async (hold: string): Promise<{ runId: string; etag: string } | undefined> => {
    try {
      const { bytes, etag } = await contentOf(at(hold));
      return { runId: bytes.toString(), etag };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      return refuseOrRethrow(error, "Reading who holds the VM");
    }
  };

  const drop = async (hold: string, runId: string): Promise<void> => {
    const held = await holder(hold);
    if (held?.runId !== runId) return;
    try {
      await at(hold).delete({ conditions: { ifMatch: held.etag } });
    } catch (error) {
      if (!isStatus(error, 404) && !isStatus(error, 412)) refuseOrRethrow(error, "Letting go of the VM");
    }
  };

  return {
    async hold(vmId, runId) {
      for (;;) {
        try {
          const conditions = { ifNoneMatch: "*" };
          await inContainer(container, () =>
            blob(vmId).upload(runId, Buffer.byteLength(runId), { conditions }),
          );
          return runId;
        } catch (error) {
          if (!isStatus(error, 409) && !isStatus(error, 412)) return refuseOrRethrow(error, "Holding the VM");
        }
        const held = await holder(nameOf(vmId));
        // Let go between our two requests: the next try may get it.
        if (held !== undefined) return held.runId;
      }
    },

    release: (vmId, runId) => drop(nameOf(vmId), runId),
    drop,

    async all() {
      const found: { hold: string; runId: string }[] = [];
      try {
        for await (const { name } of container.listBlobsFlat({ prefix: HOLDS })) {
          const hold = name.slice(HOLDS.length);
          const held = await holder(hold);
          if (held !== undefined) found.push({ hold, runId: held.runId });
        }
      } catch (error) {
        if (!isCode(error, "ContainerNotFound")) refuseOrRethrow(error, "Listing who holds VMs");
      }
      return found;
    },
  };
}
