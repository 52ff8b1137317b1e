/** Reads a VHD out of a storage account the way Compute does: checks the footer, then fetches the written pages. */
import {
  BlobServiceClient,
  type PageBlobClient,
  RestError,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { sameId } from "../model/arm-ids.js";
import { ArmError, type ErrorBody } from "../model/errors.js";
import { vhdErrors } from "../model/storage-errors.js";
import type { StorageAccount } from "../model/world.js";
import { type Contents, MIB } from "./contents.js";
import { FOOTER_BYTES, footerFault } from "./fixed-vhd.js";

const PIECE_BYTES = 4 * MIB;

export interface ImportRequest {
  readonly uri: string;
  /** Absent where the blob's own host names the account (managed images). */
  readonly accountId?: string | undefined;
  /** How the error texts call the disk. */
  readonly disk: string;
}

const failed = (body: ErrorBody): ArmError => new ArmError(400, body);

/** Brings a blob's bytes into the contents; a blob that was imported in this state already is not read again. */
export async function importVhd(
  contents: Contents,
  accounts: readonly StorageAccount[],
  { uri, accountId, disk }: ImportRequest,
): Promise<{ contentId: string; sizeBytes: number }> {
  const blob = blobClient(accounts, uri, accountId);
  try {
    const { blobType, contentLength = 0, etag = "" } = await blob.getProperties();
    if (blobType !== "PageBlob") throw failed(vhdErrors.notPageBlob());
    const conditions = { conditions: { ifMatch: etag } };
    const footer = await blob.downloadToBuffer(
      Math.max(0, contentLength - FOOTER_BYTES),
      undefined,
      conditions,
    );
    const fault = footerFault(footer, contentLength, disk, uri);
    if (fault !== undefined) throw failed(fault);
    const sizeBytes = contentLength - FOOTER_BYTES;
    const contentId = contents.importedId(uri, etag);
    if (contents.get(contentId) === undefined)
      await contents.import(contentId, sizeBytes, writtenPieces(blob, sizeBytes, etag));
    return { contentId, sizeBytes };
  } catch (thrown) {
    if (thrown instanceof RestError) throw failed(vhdErrors.unreadable(uri));
    throw thrown;
  }
}

function blobClient(
  accounts: readonly StorageAccount[],
  uri: string,
  accountId: string | undefined,
): PageBlobClient {
  const account = accounts.find((candidate) =>
    accountId === undefined
      ? uri.startsWith(`${candidate.blobEndpoint}/`)
      : sameId(candidate.accountId, accountId),
  );
  if (account === undefined || !uri.startsWith(`${account.blobEndpoint}/`))
    throw failed(vhdErrors.unreadable(uri));
  const [container = "", ...blob] = new URL(uri).pathname
    .slice(new URL(account.blobEndpoint).pathname.replace(/\/$/, "").length + 1)
    .split("/")
    .map(decodeURIComponent);
  return new BlobServiceClient(
    account.blobEndpoint,
    new StorageSharedKeyCredential(account.accountName, account.accountKey),
    { retryOptions: { maxTries: 2 } },
  )
    .getContainerClient(container)
    .getPageBlobClient(blob.join("/"));
}

async function* writtenPieces(blob: PageBlobClient, sizeBytes: number, etag: string) {
  const conditions = { conditions: { ifMatch: etag } };
  for await (const range of blob.listPageRanges(0, sizeBytes, conditions)) {
    const end = Math.min(range.end + 1, sizeBytes);
    for (let offset = range.start; offset < end; offset += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - offset);
      yield { offset, bytes: await blob.downloadToBuffer(offset, length, conditions) };
    }
  }
}
