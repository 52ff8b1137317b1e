/** The invitation that a guest gets, and what it may leave in the place that it was invited to. */
import { BlobServiceClient, BlockBlobClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blobSealMarkers } from "../../src/adapters/blob/blob-seal-markers.js";
import { judgeSeal } from "../../src/domain/guest/seal-outcome.js";
import { type Azurite, startAzurite } from "../../src/local/storage/azurite.js";

const RUNS = "runs";
let azurite: Azurite;
let service: BlobServiceClient;
beforeAll(async () => {
  azurite = await startAzurite({ log: () => undefined });
  service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  await service.getContainerClient(RUNS).create();
});
afterAll(() => azurite.stop());

const marker = (log: string) =>
  JSON.stringify({ contract: "seal-marker/1", runId: "web-1", outcome: "sealed", removedUsers: [], log });

/** As a guest does, with nothing but the URL. */
async function left(text: string) {
  const markers = blobSealMarkers(service, RUNS);
  const guest = new BlockBlobClient(await markers.uploadUrl("web-1", 10));
  await guest.upload(text, Buffer.byteLength(text));
  return markers.read("web-1");
}

const judged = (found: unknown) =>
  judgeSeal({ marker: found, runId: "web-1", powerState: "stopped", elapsedMs: 0, limitMs: 60_000 });

describe("a marker", () => {
  test("is read with as much log as the contract lets a guest send", async () => {
    expect(judged(await left(marker("\u0001".repeat(32 * 1024))))).toMatchObject({ state: "sealed" });
  });

  test.each([
    ["longer than any log", marker("x".repeat(9 * 1024 * 1024))],
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["JSON that is nested without end", "[".repeat(100_000) + "]".repeat(100_000)],
  ])("that is %s is judged unreadable", async (_, text) => {
    const found = await left(text);
    expect(typeof found === "string" ? found.length : 0).toBeLessThan(512 * 1024);
    expect(judged(found)).toMatchObject({ state: "failed", cause: "MARKER_UNREADABLE" });
  });
});

describe("an invitation", () => {
  test("lets its guest write the one marker, and neither read it nor write another", async () => {
    const url = await blobSealMarkers(service, RUNS).uploadUrl("web-1", 10);
    await expect(new BlockBlobClient(url).download()).rejects.toMatchObject({ statusCode: 403 });
    const elsewhere = new BlockBlobClient(url.replace("/web-1/", "/web-2/"));
    await expect(elsewhere.upload("{}", 2)).rejects.toMatchObject({ statusCode: 403 });
  });

  test("for an account in Azure allows only https, one blob, and expires a little after the seal's limit", async () => {
    const key = Buffer.alloc(64, 7).toString("base64");
    const account = BlobServiceClient.fromConnectionString(
      `DefaultEndpointsProtocol=https;AccountName=drops;AccountKey=${key};EndpointSuffix=core.windows.net`,
    );
    const url = new URL(await blobSealMarkers(account, RUNS).uploadUrl("web-1", 40));
    expect(url.origin + url.pathname).toBe("https://drops.blob.core.windows.net/runs/web-1/seal-marker.json");
    const { spr, sp, sr, se = "" } = Object.fromEntries(url.searchParams);
    expect({ spr, sp, sr }).toEqual({ spr: "https", sp: "cw", sr: "b" });
    const minutes = (Date.parse(se) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(50);
    expect(minutes).toBeLessThan(56);
  });
});
