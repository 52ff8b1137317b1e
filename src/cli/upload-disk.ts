/**
 * Puts a local file into the drop container. A page blob is written sparse, in any order, but for its last page: a VHD's
 * footer is there, and the pipeline considers a file complete when its footer is there. An interrupted upload is resumed.
 */
import { createHash } from "node:crypto";
import type { ContainerClient, PageBlobClient } from "@azure/storage-blob";
import type { RangeReader } from "../domain/range-reader.js";
import { pageRuns } from "../domain/vhd/page-runs.js";
import { CommandFailed } from "./command.js";
import { isCode } from "./drop-storage.js";
import { EXIT } from "./exit-codes.js";

export interface Upload {
  readonly container: ContainerClient;
  readonly name: string;
  /** Identifies a state of the local file: a page blob started from a different one is not resumed. */
  readonly fingerprint: string;
  readonly overwrite: boolean;
  readonly onProgress: (doneBytes: number, sentBytes: number) => void;
}

export interface Uploaded {
  /** Every ETag that our writes gave the blob; each of them may have started an import. */
  readonly etags: ReadonlySet<string>;
  readonly sentBytes: number;
  /** When the resumed upload began: it had ETags that are unknown here. */
  readonly resumedFrom?: Date;
}

const PAGE_BYTES = 512;
const CHUNK_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 8;
/** Metadata names are C# identifiers. */
const MARK = "vmimageupload";

export const canBePages = (sizeBytes: number): boolean => sizeBytes > 0 && sizeBytes % PAGE_BYTES === 0;

export async function uploadPages(disk: RangeReader, upload: Upload): Promise<Uploaded> {
  const blob = upload.container.getPageBlobClient(upload.name);
  const { sizeBytes } = disk;
  const etags = new Set<string>();
  const see = ({ etag }: { etag?: string }) => etag !== undefined && etags.add(etag);

  const there = await begin(blob, sizeBytes, upload, see);
  const lastPage = sizeBytes - PAGE_BYTES;
  let [doneBytes, sentBytes] = [0, 0];
  const put = async (bytes: Uint8Array, offset: number) => {
    const transactionalContentMD5 = createHash("md5").update(bytes).digest();
    see(await blob.uploadPages(bytes, offset, bytes.length, { transactionalContentMD5 }));
    sentBytes += bytes.length;
  };
  await eachAtOnce(AT_ONCE, chunksOf(lastPage), async ({ offset, length }) => {
    const bytes = await disk.read(offset, length);
    for (const run of pageRuns(bytes, offset))
      if (!there.holds(run.offset, run.length))
        await put(bytes.subarray(run.offset - offset, run.offset - offset + run.length), run.offset);
    doneBytes += length;
    upload.onProgress(doneBytes, sentBytes);
  });
  if (!there.holds(lastPage, PAGE_BYTES)) await put(await disk.read(lastPage, PAGE_BYTES), lastPage);
  upload.onProgress(sizeBytes, sentBytes);
  return { etags, sentBytes, ...(there.begun ? { resumedFrom: there.begun } : {}) };
}

/** Committed by one Put Block List, so it never appears half complete. */
export async function uploadBlocks(path: string, sizeBytes: number, upload: Upload): Promise<Uploaded> {
  const { etag = "" } = await upload.container
    .getBlockBlobClient(upload.name)
    .uploadFile(path, {
      concurrency: AT_ONCE,
      blockSize: Math.max(8 * 1024 * 1024, Math.ceil(sizeBytes / 50_000)),
      // Below this the SDK would send one request, whose failure costs everything.
      maxSingleShotSize: CHUNK_BYTES,
      metadata: { [MARK]: upload.fingerprint },
      ...(upload.overwrite ? {} : { conditions: { ifNoneMatch: "*" } }),
      onProgress: ({ loadedBytes }) => upload.onProgress(loadedBytes, loadedBytes),
    })
    .catch((error: unknown) => {
      throw isCode(error, "BlobAlreadyExists", "UnauthorizedBlobOverwrite") ? exists(upload.name) : error;
    });
  return { etags: new Set([etag]), sentBytes: sizeBytes };
}

interface Begun {
  readonly begun?: Date;
  holds(offset: number, length: number): boolean;
}

async function begin(
  blob: PageBlobClient,
  sizeBytes: number,
  { fingerprint, overwrite, name }: Upload,
  see: (answer: { etag?: string }) => void,
): Promise<Begun> {
  const create = (conditions: { ifNoneMatch?: string }) =>
    blob.create(sizeBytes, { conditions, metadata: { [MARK]: fingerprint } });
  try {
    see(await create({ ifNoneMatch: "*" }));
    return { holds: () => false };
  } catch (error) {
    if (!isCode(error, "BlobAlreadyExists")) throw error;
  }
  const found = await blob.getProperties();
  const ours =
    found.blobType === "PageBlob" &&
    found.contentLength === sizeBytes &&
    found.metadata?.[MARK] === fingerprint;
  if (ours) {
    see(found);
    return { begun: found.createdOn ?? new Date(0), holds: within(await rangesOf(blob)) };
  }
  if (!overwrite) throw exists(name);
  see(await create({}));
  return { holds: () => false };
}

/** Put Page is all or nothing: a range that exists is as it was sent. */
async function rangesOf(blob: PageBlobClient): Promise<{ start: number; end: number }[]> {
  const joined: { start: number; end: number }[] = [];
  for await (const { start, end, isClear } of blob.listPageRanges()) {
    if (isClear) continue;
    const last = joined.at(-1);
    if (last && last.end + 1 >= start) last.end = end;
    else joined.push({ start, end });
  }
  return joined;
}

/** `end` is the last byte, as storage counts. */
const within =
  (ranges: readonly { start: number; end: number }[]) =>
  (offset: number, length: number): boolean => {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.end ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low];
    return range !== undefined && range.start <= offset && range.end >= offset + length - 1;
  };

function* chunksOf(bytes: number): Generator<{ offset: number; length: number }> {
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES)
    yield { offset, length: Math.min(CHUNK_BYTES, bytes - offset) };
}

/** The first failure stops all: the other workers finish their current item and take no more. */
async function eachAtOnce<T>(
  count: number,
  items: Iterable<T>,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next())
      await act(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
  };
  const ended = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

const exists = (name: string) =>
  new CommandFailed(
    EXIT.exists,
    `${name} already exists in the container, and it is not an interrupted upload of this file. Use another name (--name), or replace it (--overwrite).`,
  );
