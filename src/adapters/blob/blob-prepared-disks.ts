/** Prepared disks as page blobs at the root of one container. */
import { createHash } from "node:crypto";
import type { BlobServiceClient, PageBlobClient } from "@azure/storage-blob";
import type { PageWriter, PreparedDisks } from "../../ports/prepared-disks.js";
import { Unsupported } from "../../ports/storage-refusal.js";
import { readerOf } from "./blob-drops.js";
import { inContainer, readableBy } from "./client.js";
import { codeOf, isCode, isStatus, notOurs, refuseOrRethrow, refuseRead } from "./errors.js";

const FOOTER_BYTES = 512;
/** Sequence numbers of a blob. Every write names its own, so that none gets through once the footer is being written. */
const WRITING = 1;
const COMMITTED = 2;
/** Put Page: at most 4 MiB. Azurite takes more, Azure does not. */
const MAX_PAGES_BYTES = 4 * 1024 * 1024;

export function blobPreparedDisks(service: BlobServiceClient, containerName: string): PreparedDisks {
  const container = service.getContainerClient(containerName);
  const page = (name: string) => container.getPageBlobClient(name);

  return {
    async create({ name, sizeBytes, sourceEtag, planHash }) {
      const blob = page(name);
      const madeOf = { sourceetag: bare(sourceEtag), planhash: planHash };
      try {
        await inContainer(container, () =>
          blob.create(sizeBytes + FOOTER_BYTES, {
            conditions: { ifNoneMatch: "*" },
            blobSequenceNumber: WRITING,
            metadata: { ...madeOf, state: "copying" },
          }),
        );
        return;
      } catch (error) {
        if (!isCode(error, "BlobAlreadyExists")) refuseOrRethrow(error, `Making ${name}`);
      }
      const { metadata } = await blob.getProperties();
      if (metadata?.sourceetag !== madeOf.sourceetag || metadata.planhash !== madeOf.planhash)
        throw notOurs(name);
    },

    pages: (name) => writerOf(service, page(name)),

    async commit({ name, sizeBytes, footer, treeHash, clear }) {
      const blob = page(name);
      try {
        const found = await blob.getProperties();
        if (found.metadata?.state === "ready") return { uri: blob.url };
        // A copy has the sequence number of its source; whatever it was, from here on no writer gets through.
        await blob.updateSequenceNumber("update", COMMITTED);
        if (found.contentLength !== sizeBytes + FOOTER_BYTES) await blob.resize(sizeBytes + FOOTER_BYTES);
        const conditions = { ifSequenceNumberEqualTo: COMMITTED };
        if (clear !== undefined) await blob.clearPages(clear.offset, clear.length, { conditions });
        await blob.uploadPages(footer, sizeBytes, FOOTER_BYTES, {
          conditions,
          transactionalContentMD5: md5(footer),
        });
        await blob.setMetadata({
          ...found.metadata,
          state: "ready",
          ...(treeHash === undefined ? {} : { treehash: treeHash }),
        });
        return { uri: blob.url };
      } catch (error) {
        return refuseOrRethrow(error, `Finishing ${name}`);
      }
    },

    async open(name) {
      const blob = page(name);
      const { contentLength: sizeBytes = 0, etag = "" } = await blob.getProperties();
      return readerOf(blob, { blob: name, sizeBytes, etag });
    },

    async remove(name) {
      const blob = page(name);
      const remove = () => blob.deleteIfExists({ deleteSnapshots: "include" });
      try {
        try {
          await remove();
        } catch (error) {
          if (!isCode(error, "PendingCopyOperation")) throw error;
          await endCopy(blob);
          await remove();
        }
      } catch (error) {
        refuseOrRethrow(error, `Removing ${name}`);
      }
    },
  };
}

/** Nothing may be done to a blob that is being copied to, not even removing it. */
async function endCopy(blob: PageBlobClient): Promise<void> {
  const { copyId = "" } = await blob.getProperties();
  try {
    await blob.abortCopyFromURL(copyId);
  } catch (error) {
    if (!isCode(error, "NoPendingCopyOperation")) throw error;
  }
}

function writerOf(service: BlobServiceClient, blob: PageBlobClient): PageWriter {
  const conditions = { ifSequenceNumberEqualTo: WRITING };
  return {
    async write(offset, bytes) {
      assertWritable(offset, bytes.length);
      try {
        await blob.uploadPages(bytes, offset, bytes.length, {
          conditions,
          transactionalContentMD5: md5(bytes),
        });
      } catch (error) {
        refuseOrRethrow(error, `Writing to ${blob.name}`);
      }
    },
    async writeFrom(source, sourceOffset, offset, length) {
      assertWritable(offset, length);
      const from = service.getContainerClient(source.container).getBlobClient(source.blob);
      const { url, ...authorization } = await readableBy(from);
      if (url.length > MAX_SOURCE_URL)
        throw unsupported(`its URL is longer than ${MAX_SOURCE_URL} characters`);
      try {
        await blob.uploadPagesFromURL(url, sourceOffset, offset, length, {
          conditions,
          sourceConditions: { ifMatch: source.etag },
          ...authorization,
        });
      } catch (error) {
        if (isCode(error, ...OF_THE_SOURCE) && (isStatus(error, 404) || isStatus(error, 412)))
          refuseRead(error, source.blob);
        if (isStatus(error, 501) || isCode(error, ...OF_THE_SOURCE))
          throw unsupported(`it answered ${codeOf(error)}`, error);
        refuseOrRethrow(error, `Moving pages to ${blob.name}`);
      }
    },
  };
}

/** Put Page From URL, "x-ms-copy-source": up to 2 KiB; a name of 1024 characters can have more, encoded. */
const MAX_SOURCE_URL = 2048;
/** Answers about where the pages come from, not about where they go. */
const OF_THE_SOURCE = [
  "CannotVerifyCopySource",
  "SourceConditionNotMet",
  "InvalidHeaderValue",
  "UnsupportedHeader",
];

const unsupported = (because: string, cause?: unknown) =>
  new Unsupported(
    "STORAGE_REFUSED",
    `The storage account cannot copy this file's pages itself: ${because}.`,
    "Configure the pipeline to stream the bytes.",
    { cause },
  );

function assertWritable(offset: number, length: number): void {
  if (offset % 512 !== 0 || length % 512 !== 0 || length <= 0 || length > MAX_PAGES_BYTES)
    throw new RangeError(`Pages ${offset}+${length}: whole sectors, at most ${MAX_PAGES_BYTES} bytes.`);
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();
const bare = (etag: string) => etag.replaceAll('"', "");
