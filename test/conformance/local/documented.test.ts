/** docs/local/storage.md against the embedded account: what it calls faithful, laxer and refused is so. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../src/local/storage/azurite.js";
import { tableOf } from "../documented.js";

const MIB = 1024 * 1024;
const bytes = (length: number, value = 1) => Buffer.alloc(length, value);

let stateDir: string;
let azurite: Azurite;
let container: ContainerClient;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "storage-"));
  azurite = await startAzurite({ stateDir, log: () => undefined });
  container = BlobServiceClient.fromConnectionString(azurite.connectionString, {
    retryOptions: { maxTries: 1 },
  }).getContainerClient("documented");
  await container.create();
});
afterAll(async () => {
  await azurite.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function pageBlob(name: string, size = 8 * MIB) {
  const blob = container.getPageBlobClient(name);
  await blob.create(size);
  return blob;
}
const refusedWith = (statusCode: number, code?: string) =>
  expect.objectContaining({ statusCode, ...(code === undefined ? {} : { code }) }) as Error;

/** By the first column of the table. */
const probes: Readonly<Record<string, () => Promise<void>>> = {
  async "block and page blobs, ranges, conditions, leases, metadata"() {
    const block = container.getBlockBlobClient("block");
    const { etag } = await block.upload("content", 7, { metadata: { a: "1" } });
    expect((await block.getProperties()).metadata).toEqual({ a: "1" });
    expect(String(await block.downloadToBuffer(3, 4))).toBe("tent");
    const another = { conditions: { ifNoneMatch: etag ?? "" } };
    await expect(block.upload("other", 5, another)).rejects.toEqual(refusedWith(412, "ConditionNotMet"));
    const page = await pageBlob("page", 1024);
    await page.uploadPages(bytes(512), 512, 512);
    expect(await page.downloadToBuffer()).toEqual(Buffer.concat([bytes(512, 0), bytes(512)]));
    // The client's count is the distance of the first byte from the last.
    expect((await page.getPageRanges()).pageRange).toEqual([{ offset: 512, count: 511 }]);
    await page.getBlobLeaseClient().acquireLease(15);
    await expect(page.uploadPages(bytes(512), 0, 512)).rejects.toEqual(refusedWith(412, "LeaseIdMissing"));
  },

  async "sequence-number conditions, resize, copy page to page"() {
    const page = await pageBlob("sequence", MIB);
    await page.updateSequenceNumber("update", 5);
    const below = (limit: number) => ({ conditions: { ifSequenceNumberLessThan: limit } });
    await page.uploadPages(bytes(512), 0, 512, below(6));
    await expect(page.uploadPages(bytes(512), 0, 512, below(5))).rejects.toEqual(
      refusedWith(412, "SequenceNumberConditionNotMet"),
    );
    await page.resize(2 * MIB);
    const copy = container.getPageBlobClient("copy");
    await (await copy.beginCopyFromURL(page.url)).pollUntilDone();
    const { blobType, contentLength } = await copy.getProperties();
    expect({ blobType, contentLength }).toEqual({ blobType: "PageBlob", contentLength: 2 * MIB });
  },

  async "Put Page over 4 MiB, across the end, with a wrong MD5"() {
    const page = await pageBlob("lax");
    await page.uploadPages(bytes(5 * MIB), 0, 5 * MIB);
    await page.uploadPages(bytes(1024), 8 * MIB - 512, 1024);
    await page.uploadPages(bytes(512), 0, 512, { transactionalContentMD5: bytes(16, 7) });
  },

  async "Put Page From URL"() {
    const page = await pageBlob("from-url");
    await expect(page.uploadPagesFromURL(page.url, 0, 0, 512)).rejects.toEqual(refusedWith(501));
  },

  async "CRC64 checksums"() {
    const page = await pageBlob("crc");
    const checksum = { transactionalContentCrc64: bytes(8) };
    await expect(page.uploadPages(bytes(512), 0, 512, checksum)).rejects.toEqual(
      refusedWith(500, "FeatureNotSupported"),
    );
  },

  async "acknowledged writes and `kill -9`"() {
    await container.getBlockBlobClient("kept-without-a-stop").upload("x", 1);
    const journal = await readFile(join(stateDir, "__azurite_db_blob__.json.journal"), "utf8");
    expect(journal).toContain("kept-without-a-stop");
  },
};

describe("docs/local/storage.md", () => {
  const rows = tableOf("storage.md", "what").map(([what = ""]) => what);

  it("has exactly the rows that are tried here", () => {
    expect(rows.sort()).toEqual(Object.keys(probes).sort());
  });

  it.each(Object.entries(probes))("is right about %s", (_, probe) => probe());
});
