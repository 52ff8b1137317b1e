/**
 * What a storage account's answers mean, decided once: refused for good (StorageRefusal), or worth another try (passed
 * on as it came). Texts hold no URL: one could carry a signature.
 * Codes: learn.microsoft.com, "Blob Storage error codes" and "Common REST API error codes".
 */
import { RestError } from "@azure/storage-blob";
import { StorageRefusal } from "../../ports/storage-refusal.js";

/** An answer without a body (to HEAD, always) has its code in a header alone. */
export function codeOf(error: unknown): string {
  if (!(error instanceof RestError)) return "";
  const { errorCode } = (error.details ?? {}) as { errorCode?: string };
  return error.code ?? errorCode ?? `HTTP ${error.statusCode ?? "without status"}`;
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof RestError && error.statusCode === status;

export const isCode = (error: unknown, ...codes: readonly string[]): boolean => codes.includes(codeOf(error));

const OUT_OF_SPACE = /quota|capacity|insufficientstorage|outofspace|limitexceeded/i;

/** For everything but reading a dropped file: `what` says what was being done, to what. */
export function refuseOrRethrow(error: unknown, what: string): never {
  if (!(error instanceof RestError)) throw error;
  const code = codeOf(error);
  const status = error.statusCode ?? 0;
  const said = `${what}: the storage account answered ${code} (${status}).`;
  const refuse = (failure: StorageRefusal["code"], remedy: string): never => {
    throw new StorageRefusal(failure, said, remedy, { cause: error });
  };
  // A late write to a disk that is committed: nobody waits for its answer, and it refuses nothing.
  if (code === "SequenceNumberConditionNotMet") throw new Error(said, { cause: error });
  if (OUT_OF_SPACE.test(code) || status === 507)
    refuse(
      "STORAGE_FULL",
      "Free up space in the storage account, or raise its capacity, and drop the file again.",
    );
  if (status === 401 || status === 403)
    refuse(
      "NOT_AUTHORIZED",
      "Grant the pipeline's identity the role Storage Blob Data Contributor on the account, and allow it through the account's firewall.",
    );
  if (code === "BlobTypeNotSupported" || code === "FeatureVersionMismatch")
    refuse(
      "STORAGE_REFUSED",
      "Use a general-purpose account without hierarchical namespace: page blobs need one.",
    );
  // 404 and 409 of containers being made or deleted, 408, 429 and 5xx pass; what is left is wrong as it stands.
  if (status >= 400 && status < 500 && ![404, 408, 409, 429].includes(status))
    refuse("STORAGE_REFUSED", "Look up the code in Azure's list of storage error codes.");
  throw error;
}

/** A name in the work container is a run's own: whatever else has it is not touched. */
export const notOurs = (name: string): StorageRefusal =>
  new StorageRefusal(
    "STORAGE_REFUSED",
    `${name} exists in the work container and was made from something else.`,
    "Delete that blob, or give the pipeline a work container of its own.",
  );

/** For reading one content of a dropped file. */
export function refuseRead(error: unknown, blob: string): never {
  if (isStatus(error, 412) || isStatus(error, 416))
    throw new StorageRefusal(
      "SOURCE_CHANGED",
      `${blob} was replaced, written to or deleted while it was being read.`,
      "Nothing, if it has new content: that gets its own run.",
      { cause: error },
    );
  if (isStatus(error, 404))
    throw new StorageRefusal("SOURCE_GONE", `${blob} no longer exists.`, "Drop the file again.", {
      cause: error,
    });
  refuseOrRethrow(error, `Reading ${blob}`);
}
