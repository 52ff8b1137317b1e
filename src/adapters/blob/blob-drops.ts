/** Drops in containers of a storage account. */
import type { BlobClient, BlobServiceClient, BlobType } from "@azure/storage-blob";
import type { BlobKind, DropPlace, DropRef, DropState } from "../../domain/import/drop.js";
import { assertInRange } from "../../domain/range-reader.js";
import type { DropReader, Drops } from "../../ports/drops.js";
import { StorageRefusal } from "../../ports/storage-refusal.js";
import { isStatus, refuseOrRethrow, refuseRead } from "./errors.js";

export function blobDrops(service: BlobServiceClient): Drops {
  const client = ({ container, blob }: DropPlace) =>
    service.getContainerClient(container).getBlobClient(blob);
  return {
    async look(place) {
      try {
        const blob = client(place);
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
      try {
        const found = await client(place).getProperties();
        if ((found.contentLength ?? 0) > maxBytes)
          throw new StorageRefusal(
            "MANIFEST_INVALID",
            `${place.blob} has ${found.contentLength} bytes; at most ${maxBytes} are read.`,
            "A description of an image is a small JSON file; see docs/import.md.",
          );
        return (await client(place).downloadToBuffer()).toString("utf8");
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        return refuseOrRethrow(error, `Reading ${place.blob}`);
      }
    },

    async answer(drop, beside, text, tag) {
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
