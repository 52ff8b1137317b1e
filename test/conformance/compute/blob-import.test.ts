/** A VHD in a storage account becomes an image, a disk and a gallery version; its bytes come out again unchanged. */
import { AnonymousCredential, PageBlobClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";
import { MIB, SIZE, startVhdStore, vhd, type VhdStore } from "./vhd-store.js";

let store: VhdStore;
let bench: Bench;

beforeAll(async () => {
  store = await startVhdStore();
});
afterAll(() => store.stop());
beforeEach(async () => {
  bench = await startBench({ storage: store.account });
});
afterEach(() => bench.stop());

const imageFrom = (name: string, blobUri: string) =>
  bench.client.images.createOrUpdate(
    GROUP,
    name,
    {
      location: WEST,
      hyperVGeneration: "V2",
      storageProfile: { osDisk: { osType: "Linux", osState: "Generalized", blobUri } },
    },
    POLL,
  );

const bytesOf = async (disk: string): Promise<PageBlobClient> => {
  const { accessSAS = "" } = await bench.settle(
    bench.client.disks
      .grantAccess(GROUP, disk, { access: "Read", durationInSeconds: 600_000 }, POLL)
      .pollUntilDone(),
  );
  return new PageBlobClient(accessSAS, new AnonymousCredential());
};

describe("a VHD blob", () => {
  it("becomes a managed image, whose bytes a disk made from it holds", async () => {
    const source = vhd();
    const image = await bench.settle(imageFrom("i", await store.upload("good.vhd", source)).pollUntilDone());
    expect(image.storageProfile?.osDisk?.diskSizeGB).toBe(1);
    await bench.settle(
      bench.client.disks
        .createOrUpdate(
          GROUP,
          "d",
          {
            location: WEST,
            creationData: { createOption: "FromImage", imageReference: { id: image.id ?? "" } },
          },
          POLL,
        )
        .pollUntilDone(),
    );
    const blob = await bytesOf("d");
    expect((await blob.downloadToBuffer(0, 4096)).equals(source.first)).toBe(true);
    expect((await blob.downloadToBuffer(SIZE - 512, 512)).equals(source.last)).toBe(true);
    expect((await blob.downloadToBuffer(MIB, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  });

  it("becomes a disk by Import, and a gallery version by its account and address", async () => {
    const source = vhd();
    const uri = await store.upload("import.vhd", source);
    const creationData = {
      createOption: "Import",
      sourceUri: uri,
      storageAccountId: store.account.accountId,
    };
    await bench.settle(
      bench.client.disks
        .createOrUpdate(GROUP, "d", { location: WEST, osType: "Linux", creationData }, POLL)
        .pollUntilDone(),
    );
    expect((await (await bytesOf("d")).downloadToBuffer(0, 4096)).equals(source.first)).toBe(true);
    const version = await bench.settle(
      bench.client.galleryImageVersions
        .createOrUpdate(
          "rg-images",
          "gallery1",
          "linux-generalized",
          "1.0.0",
          {
            location: WEST,
            storageProfile: { osDiskImage: { source: { storageAccountId: store.account.accountId, uri } } },
          },
          POLL,
        )
        .pollUntilDone(),
      10_000,
    );
    expect(version.storageProfile?.osDiskImage?.sizeInGB).toBe(1);
  });

  it.each([
    ["has no footer", vhd((footer) => footer.fill(0)), /expected to have cookie value 'conectix'/],
    ["is dynamic", vhd((footer) => footer.writeUInt32BE(3, 60)), /Dynamic VHD type/],
    ["has no whole number of MiB", vhd(undefined, SIZE + 512), /unsupported virtual size of 20972032 bytes/],
    ["is too small", vhd(undefined, MIB), /unsupported virtual size/],
    [
      "is longer than its footer says",
      vhd((footer) => footer.writeBigUInt64BE(BigInt(SIZE), 48), SIZE + MIB),
      /Only blobs formatted as VHDs can be imported/,
    ],
  ])("that %s fails the operation in Azure's words", async (name, source, message) => {
    const uri = await store.upload(`${name.replaceAll(" ", "-")}.vhd`, source);
    await expect(bench.settle(imageFrom("bad", uri).pollUntilDone())).rejects.toThrow(message);
    expect((await bench.client.images.get(GROUP, "bad")).provisioningState).toBe("Failed");
  });

  it("that is a block blob, absent, or in an unknown account is refused too", async () => {
    const block = store.container.getBlockBlobClient("block.vhd");
    await block.upload("x".repeat(2048), 2048);
    await expect(bench.settle(imageFrom("a", block.url).pollUntilDone())).rejects.toThrow(
      /Invalid blob type for source blob uri/,
    );
    await expect(
      bench.settle(imageFrom("b", `${store.container.url}/gone.vhd`).pollUntilDone()),
    ).rejects.toThrow(/could not be read/);
    await expect(
      bench.settle(imageFrom("c", "http://127.0.0.1:9/elsewhere/x.vhd").pollUntilDone()),
    ).rejects.toThrow(/could not be read/);
  });
});
