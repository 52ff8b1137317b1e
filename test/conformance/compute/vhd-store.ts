/** VHDs in a storage account, for the simulator to import. */
import { randomBytes } from "node:crypto";
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { StorageAccount } from "../../../src/local/compute/compute.js";
import { startAzurite } from "../../../src/local/storage/azurite.js";

export const MIB = 2 ** 20;
export const SIZE = 20 * MIB;

export interface Vhd {
  readonly first: Buffer;
  readonly last: Buffer;
  readonly footer: Buffer;
  readonly sizeBytes: number;
}

/** A fixed VHD of mostly nothing: two written places, and a footer from the specification. */
export function vhd(change: (footer: Buffer) => void = () => undefined, sizeBytes = SIZE): Vhd {
  const footer = Buffer.alloc(512);
  footer.write("conectix", 0, "latin1");
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x10000, 12);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  footer.writeUInt32BE(2, 60);
  change(footer);
  return { first: randomBytes(4096), last: randomBytes(512), footer, sizeBytes };
}

export interface VhdStore {
  readonly account: StorageAccount;
  readonly container: ContainerClient;
  /** Returns the blob's address. */
  upload(name: string, source: Vhd): Promise<string>;
  stop(): Promise<void>;
}

export async function startVhdStore(): Promise<VhdStore> {
  const azurite = await startAzurite({ log: () => undefined });
  const { blobEndpoint, accountName, accountKey } = azurite;
  const accountId =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/devstoreaccount1";
  const credential = new StorageSharedKeyCredential(accountName, accountKey);
  const container = new BlobServiceClient(blobEndpoint, credential).getContainerClient("vhds");
  await container.create();
  return {
    account: { accountId, blobEndpoint, accountName, accountKey },
    container,
    upload: async (name, { first, last, footer, sizeBytes }) => {
      const blob = container.getPageBlobClient(name);
      await blob.create(sizeBytes + 512);
      await blob.uploadPages(first, 0, first.length);
      await blob.uploadPages(last, sizeBytes - 512, 512);
      await blob.uploadPages(footer, sizeBytes, 512);
      return blob.url;
    },
    stop: () => azurite.stop(),
  };
}
