/** Names that whoever drops a file, or asks about one, can think of: each is a file of the drop container, or none. */
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blobDrops } from "../../src/adapters/blob/blob-drops.js";
import type { Drops } from "../../src/ports/drops.js";
import { type Azurite, startAzurite } from "../../src/local/storage/azurite.js";

const TEXT = '{"of":"a run"}';
let azurite: Azurite;
let service: BlobServiceClient;
let drops: Drops;
const put = (container: string, blob: string) =>
  service.getContainerClient(container).getBlockBlobClient(blob).upload(TEXT, TEXT.length);

beforeAll(async () => {
  azurite = await startAzurite({ log: () => undefined });
  service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  for (const container of ["drop", "runs"]) await service.getContainerClient(container).create();
  await put("runs", "web-1/request.txt");
  await put("drop", "web.vhd");
  drops = blobDrops(service);
});
afterAll(() => azurite.stop());

describe("a file that is named", () => {
  test.each([
    ["../runs/web-1/request.txt", "another container's"],
    ["a/../../runs/web-1/request.txt", "the same by a detour"],
    ["..\\runs\\web-1\\request.txt", "the same with backslashes"],
    ["..%2fruns/web-1/request.txt", "the same, encoded"],
    ["%2e%2e/runs/web-1/request.txt", "the same, encoded otherwise"],
    ["./web.vhd", "a dropped file by another name than its own"],
    ["a/../web.vhd", "the same by a detour"],
    ["..", "the account"],
    [".", "the container"],
    ["\ud800.vhd", "half a character"],
    ["web.vhd?comp=list", "a question to the container"],
  ])("%s is not there: %s", async (blob) => {
    const place = { container: "drop", blob };
    expect(await drops.look(place)).toBeUndefined();
    expect(await drops.readText(place, 1000)).toBeUndefined();
    const drop = { ...place, etag: '"x"', sizeBytes: 1, blobKind: "block" } as const;
    const read = async () => drops.open(drop).read(0, 1);
    await expect(read()).rejects.toMatchObject({ name: "StorageRefusal" });
  });

  test.each([
    ["web.vhd"],
    ["a folder/50 % of it.vhd"],
    ["a//b.vhd"],
    ["Größe…/ディスク.vhd"],
    ["..web.vhd"],
    ["a+b&c=d#e?.vhd"],
  ])("%s is there by its name", async (blob) => {
    await put("drop", blob);
    const found = await drops.look({ container: "drop", blob });
    expect(found?.drop).toMatchObject({ container: "drop", blob, sizeBytes: TEXT.length });
  });
});

test("a description is read up to its limit, whatever it was when it was looked at", async () => {
  const place = { container: "drop", blob: "web.image.json" };
  await put(place.container, place.blob);
  expect(await drops.readText(place, TEXT.length)).toBe(TEXT);
  await expect(drops.readText(place, TEXT.length - 1)).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
});
