/**
 * Holds as blobs: one a VM, a line of text for each run that wants it. The first has it, the others stand behind it in
 * the order in which they came. A line is only written over as it was read, so that of two runs one comes first. A place
 * does not expire: a run gives it up when it ends, and the janitor is for the rest.
 */
import { createHash } from "node:crypto";
import type { BlobServiceClient } from "@azure/storage-blob";
import type { VmHolds } from "../../ports/vm-holds.js";
import { contentOf, inContainer } from "./client.js";
import { isCode, isStatus, refuseOrRethrow } from "./errors.js";

const HOLDS = "holds/";

/** What the account says when a line is no longer what it was when it was read. */
const CHANGED = ["BlobAlreadyExists", "ConditionNotMet", "BlobNotFound"];

export function blobVmHolds(service: BlobServiceClient, containerName: string): VmHolds {
  const container = service.getContainerClient(containerName);
  // A VM's id holds slashes, and Azure compares it without case.
  const nameOf = (vmId: string) => createHash("sha256").update(vmId.toLowerCase()).digest("hex").slice(0, 32);
  const at = (hold: string) => container.getBlockBlobClient(`${HOLDS}${hold}`);

  const lineAt = async (hold: string): Promise<{ runIds: readonly string[]; etag?: string }> => {
    try {
      const { bytes, etag } = await contentOf(at(hold));
      return { runIds: bytes.toString().split("\n"), etag };
    } catch (error) {
      if (isStatus(error, 404)) return { runIds: [] };
      return refuseOrRethrow(error, "Reading who holds the VM");
    }
  };

  const write = async (hold: string, runIds: readonly string[], etag: string | undefined): Promise<void> => {
    const conditions = etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag };
    const text = runIds.join("\n");
    if (runIds.length === 0) await at(hold).delete({ conditions });
    else await inContainer(container, () => at(hold).upload(text, Buffer.byteLength(text), { conditions }));
  };

  /** @returns the line as `next` made it of the line that there was. */
  const change = async (
    hold: string,
    next: (runIds: readonly string[]) => readonly string[],
  ): Promise<readonly string[]> => {
    for (;;) {
      const { runIds, etag } = await lineAt(hold);
      const changed = next(runIds);
      if (changed.length === runIds.length) return runIds;
      try {
        await write(hold, changed, etag);
        return changed;
      } catch (error) {
        // Another run came or went between our two requests.
        if (!isCode(error, ...CHANGED)) refuseOrRethrow(error, "Standing in line for the VM");
      }
    }
  };

  const evict = async (hold: string, runId: string): Promise<void> => {
    await change(hold, (runIds) => runIds.filter((one) => one !== runId));
  };

  return {
    async hold(vmId, runId) {
      const runIds = await change(nameOf(vmId), (line) => (line.includes(runId) ? line : [...line, runId]));
      return { heldBy: runIds[0] ?? runId, ahead: runIds.indexOf(runId) };
    },

    release: (vmId, runId) => evict(nameOf(vmId), runId),
    evict,

    async list() {
      const found: { hold: string; runId: string }[] = [];
      try {
        for await (const { name } of container.listBlobsFlat({ prefix: HOLDS })) {
          const hold = name.slice(HOLDS.length);
          const { runIds } = await lineAt(hold);
          found.push(...runIds.map((runId) => ({ hold, runId })));
        }
      } catch (error) {
        if (!isCode(error, "ContainerNotFound")) refuseOrRethrow(error, "Listing who holds VMs");
      }
      return found;
    },
  };
}
