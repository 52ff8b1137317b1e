/** Drops in containers of a storage account. */
import type { BlobClient, BlobServiceClient, BlobType } from "@azure/storage-blob";
import type { BlobKind, DropPlace, DropRef, DropState } from "../../domain/import/drop.js";
import { assertInRange } from "../../domain/range-reader.js";
import type { DropReader, Drops } from "../../ports/drops.js";
import { StorageRefusal } from "../../ports/storage-refusal.js";
import { contentOf } from "./client.js";
import { isStatus, refuseOrRethrow, refuseRead } from "./errors.js";

export function blobDrops(service: BlobServiceClient): Drops {
  const client = (place: DropPlace): BlobClient => {
    const found = blobAt(service, place);
    if (found !== undefined) return found;
    throw new StorageRefusal(
      "SOURCE_GONE",
      `${place.blob} is no name of a file: its path leads elsewhere.`,
      "Drop the file under a path without . and .. segments.",
    );
  };
  return {
    async look(place) {
      const blob = blobAt(service, place);
      if (blob === undefined) return undefined;
      try {
        return stateOf(place, bareUrl(blob.url), await blob.getProperties());
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        return refuseOrRethrow(error, `Looking at ${place.blob}`);
      }
    },

    async *list(container, prefix) {
      const blobs = service
        .getContainerClient(container)
        .listBlobsFlat(prefix === undefined ? {} : { prefix });
      try {
        for await (const { name, properties } of blobs) yield refOf({ container, blob: name }, properties);
      } catch (error) {
        refuseOrRethrow(error, `Listing the container ${container}`);
      }
    },

    open: (drop) => readerOf(client(drop), drop),

    async readText(place, maxBytes) {
      const blob = blobAt(service, place);
      if (blob === undefined) return undefined;
      try {
        // Whoever may drop may also replace it between two requests: what is counted is what was read.
        const { bytes } = await contentOf(blob, maxBytes);
        if (bytes.length > maxBytes)
          throw new StorageRefusal(
            "MANIFEST_INVALID",
            `${place.blob} has too many bytes: at most ${maxBytes} are read.`,
            "An image description is a small JSON file; see docs/import.md.",
          );
        return bytes.toString("utf8");
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        return refuseOrRethrow(error, `Reading ${place.blob}`);
      }
    },

    async writeBeside(drop, beside, text, tag) {
      try {
        await client(drop).setTags({ "vmimage-verdict": tag.replace(/[^\w +\-./:=]/g, "_").slice(0, 256) });
      } catch {
        // Accounts with hierarchical namespace have no index tags, and an identity may lack the right to set them:
        // the verdict beside the file and the status say the same.
      }
      const container = service.getContainerClient(drop.container);
      try {
        await container.getBlockBlobClient(beside).upload(text, Buffer.byteLength(text), {
          blobHTTPHeaders: { blobContentType: "application/json" },
        });
      } catch (error) {
        refuseOrRethrow(error, `Writing ${beside}`);
      }
    },
  };
}

export function readerOf(blob: BlobClient, drop: Pick<DropRef, "blob" | "etag" | "sizeBytes">): DropReader {
  const conditions = { ifMatch: drop.etag };
  const reader: DropReader = {
    sizeBytes: drop.sizeBytes,
    async read(offset, length) {
      const into = Buffer.allocUnsafe(length);
      await reader.readInto(into, offset);
      return into;
    },
    async readInto(into, offset) {
      assertInRange(drop, offset, into.length);
      if (into.length === 0) return;
      try {
        // One request whatever the length: callers ask for no more than they want at once.
        await blob.downloadToBuffer(into, offset, into.length, { blockSize: into.length, conditions });
      } catch (error) {
        refuseRead(error, drop.blob);
      }
    },
    async *writtenRanges() {
      try {
        // A page of answers at a time: the account lists 10,000 ranges at most.
        const listed = blob.getPageBlobClient().listPageRanges(0, drop.sizeBytes, { conditions });
        // Ends are inclusive, as in the Range header.
        for await (const { start, end, isClear } of listed)
          if (!isClear) yield { offset: start, length: end + 1 - start };
      } catch (error) {
        refuseRead(error, drop.blob);
      }
    },
  };
  return reader;
}

interface Properties {
  readonly etag?: string;
  readonly contentLength?: number;
  readonly blobType?: BlobType;
}

const KINDS: Record<BlobType, BlobKind> = { PageBlob: "page", BlockBlob: "block", AppendBlob: "append" };

/** Listings give ETags without the quotes that a condition must have. */
const quoted = (etag: string) => (etag.startsWith('"') || etag.startsWith("W/") ? etag : `"${etag}"`);

const refOf = (place: DropPlace, properties: Properties): DropRef => ({
  ...place,
  etag: quoted(properties.etag ?? ""),
  sizeBytes: properties.contentLength ?? 0,
  blobKind: KINDS[properties.blobType ?? "BlockBlob"],
});

/** A client made with a SAS has it in its URL. */
const bareUrl = (url: string) => url.replace(/\?.*$/, "");

/**
 * Undefined for a name that a URL makes into another's: of `drop/../runs/x` the client asks for the `x` of `runs`, and
 * we may read what whoever names a file may not. A backslash counts as a slash, as it does to the account.
 */
function blobAt(service: BlobServiceClient, { container, blob }: DropPlace): BlobClient | undefined {
  try {
    const folder = service.getContainerClient(container);
    const found = folder.getBlobClient(blob);
    const inside = `${bareUrl(folder.url)}/`;
    const url = bareUrl(found.url);
    const isThere =
      url.startsWith(inside) && decodeURIComponent(url.slice(inside.length)) === blob.replaceAll("\\", "/");
    return isThere ? found : undefined;
  } catch {
    // `..` alone, half a character: nothing that a URL can be made of.
    return undefined;
  }
}

function stateOf(
  place: DropPlace,
  uri: string,
  found: Awaited<ReturnType<BlobClient["getProperties"]>>,
): DropState {
  return {
    drop: refOf(place, found),
    uri,
    leased: found.leaseState === "leased" || found.leaseState === "breaking",
    copy: found.copyStatus ?? "none",
    ...(found.contentMD5 ? { contentMd5: Buffer.from(found.contentMD5).toString("base64") } : {}),
    metadata: found.metadata ?? {},
  };
}
