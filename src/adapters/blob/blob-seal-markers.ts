/** Markers as block blobs of the runs container. The upload URL is a SAS for one blob, to create and write alone. */
import type { BlobServiceClient, UserDelegationKey } from "@azure/storage-blob";
import {
  BlobSASPermissions,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} from "@azure/storage-blob";
import type { SealMarkers } from "../../ports/seal-markers.js";
import { contentOf, protocolOf } from "./client.js";
import { isStatus, refuseOrRethrow } from "./errors.js";

/** Guests' clocks are wrong by minutes, and a SAS is valid by the account's. */
const SKEW_MS = 15 * 60_000;
const KEY_MS = 24 * 3_600_000;
const NAME = "seal-marker.json";
/** 32 KiB of log, each character escaped, and the rest; a guest may write gigabytes, and they would be held in memory. */
const MARKER_BYTES = 256 * 1024;

export function blobSealMarkers(service: BlobServiceClient, containerName: string): SealMarkers {
  const container = service.getContainerClient(containerName);
  const blob = (runId: string) => container.getBlockBlobClient(`${runId}/${NAME}`);
  let known: UserDelegationKey | undefined;
  /** Asked for once a day, not once a seal. */
  const signingKey = async (until: Date): Promise<UserDelegationKey> => {
    if (known === undefined || known.signedExpiresOn < until) {
      const expiresOn = new Date(Math.max(until.getTime(), Date.now() + KEY_MS));
      known = await service.getUserDelegationKey(new Date(Date.now() - SKEW_MS), expiresOn);
    }
    return known;
  };
  return {
    async uploadUrl(runId, minutes) {
      const expiresOn = new Date(Date.now() + minutes * 60_000 + SKEW_MS);
      const permissions = BlobSASPermissions.parse("cw");
      const { credential, url } = blob(runId);
      const protocol = protocolOf(url);
      if (credential instanceof StorageSharedKeyCredential)
        return blob(runId).generateSasUrl({
          permissions,
          startsOn: new Date(Date.now() - SKEW_MS),
          expiresOn,
          protocol,
        });
      const key = await signingKey(expiresOn);
      const wanted = { containerName, blobName: `${runId}/${NAME}`, permissions, expiresOn, protocol };
      return `${url}?${generateBlobSASQueryParameters(wanted, key, service.accountName).toString()}`;
    },

    async read(runId) {
      try {
        const { bytes } = await contentOf(blob(runId), MARKER_BYTES);
        return bytes.length > MARKER_BYTES ? "(too long)" : parsed(bytes.toString("utf8"));
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
