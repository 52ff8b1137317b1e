/** Markers as block blobs of the runs container. The invitation is a SAS for one blob, to create and write alone. */
import type { BlobServiceClient } from "@azure/storage-blob";
import {
  BlobSASPermissions,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} from "@azure/storage-blob";
import type { SealMarkers } from "../../ports/seal-markers.js";
import { inContainer } from "./client.js";
import { isStatus, refuseOrRethrow } from "./errors.js";

/** Guests' clocks are wrong by minutes, and a SAS is valid by the account's. */
const SKEW_MS = 15 * 60_000;
const NAME = "seal-marker.json";

export function blobSealMarkers(service: BlobServiceClient, containerName: string): SealMarkers {
  const container = service.getContainerClient(containerName);
  const blob = (runId: string) => container.getBlockBlobClient(`${runId}/${NAME}`);
  return {
    async invite(runId, minutes) {
      await inContainer(container, () => container.getProperties());
      const startsOn = new Date(Date.now() - SKEW_MS);
      const expiresOn = new Date(Date.now() + minutes * 60_000 + SKEW_MS);
      const permissions = BlobSASPermissions.parse("cw");
      const { credential, url } = blob(runId);
      if (credential instanceof StorageSharedKeyCredential)
        return blob(runId).generateSasUrl({ permissions, startsOn, expiresOn });
      const key = await service.getUserDelegationKey(startsOn, expiresOn);
      const wanted = { containerName, blobName: `${runId}/${NAME}`, permissions, startsOn, expiresOn };
      return `${url}?${generateBlobSASQueryParameters(wanted, key, service.accountName).toString()}`;
    },

    async read(runId) {
      try {
        const text = (await blob(runId).downloadToBuffer()).toString("utf8");
        return parsed(text);
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        return refuseOrRethrow(error, `Reading the seal's marker of ${runId}`);
      }
    },
  };
}

/** What a guest wrote may be anything; what is not JSON is handed on as text, to be judged unreadable. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
