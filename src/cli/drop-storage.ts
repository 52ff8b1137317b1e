/** The drop container, by connection string or Azure sign-in, and the one place that words storage errors. */
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient, RestError, type ContainerClient } from "@azure/storage-blob";
import { CommandFailed, UsageError, type Terminal } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { plain } from "./words.js";

/** Exponential by default. One page blob takes 60 MiB/s, so 4 MiB in two minutes is a server that hangs. */
const PATIENCE = {
  retryOptions: { maxTries: 6, tryTimeoutInMs: 120_000, retryDelayInMs: 800, maxRetryDelayInMs: 30_000 },
};

export function dropContainer(
  given: { readonly container: string; readonly "account-url"?: string | undefined },
  { env = {} }: Terminal,
): ContainerClient {
  if (!/^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/.test(given.container))
    throw new UsageError(
      `"${given.container}" is not a valid container name: use 3 to 63 of a-z, 0-9 and single hyphens.`,
    );
  return service(given["account-url"], env["VMIMAGE_STORAGE"]).getContainerClient(given.container);
}

function service(accountUrl: string | undefined, connection: string | undefined): BlobServiceClient {
  if (accountUrl !== undefined) {
    const url = URL.canParse(accountUrl) ? new URL(accountUrl) : undefined;
    if (url?.protocol !== "https:" || url.search || url.username)
      throw new UsageError(
        "--account-url must be like https://ACCOUNT.blob.core.windows.net, without a signature.",
      );
    return new BlobServiceClient(url.href, new DefaultAzureCredential(), PATIENCE);
  }
  if (!connection)
    throw new UsageError(
      "Specify the storage account: --account-url https://ACCOUNT.blob.core.windows.net, or its connection string in VMIMAGE_STORAGE.",
    );
  try {
    return BlobServiceClient.fromConnectionString(connection, PATIENCE);
  } catch (cause) {
    throw new UsageError("VMIMAGE_STORAGE is not a valid connection string of a storage account.", { cause });
  }
}

export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof RestError && codes.includes(error.code ?? "");

/** Nothing of a request goes into the message: it may hold a signature. */
export function inWords(error: unknown, { containerName, accountName }: ContainerClient): unknown {
  if (!(error instanceof RestError))
    return error instanceof Error && error.name === "AggregateAuthenticationError"
      ? new CommandFailed(
          EXIT.noPermission,
          "You are not signed in to Azure. Run az login, or set VMIMAGE_STORAGE.",
          { cause: error },
        )
      : error;
  const where = `${containerName} of ${accountName}`;
  const { code = "", statusCode } = error;
  const fail = (exit: number, words: string) => new CommandFailed(exit, words, { cause: error });
  if (code === "ContainerNotFound")
    return fail(
      EXIT.unavailable,
      `There is no container ${where}. Specify the drop container with --container.`,
    );
  if (statusCode === 401 || statusCode === 403)
    return fail(
      EXIT.noPermission,
      `${where}: not allowed (${code || String(statusCode)}). You need the role Storage Blob Data Contributor on the container, and a network that the account's firewall allows.`,
    );
  if (statusCode === undefined)
    return fail(
      EXIT.unavailable,
      `The storage account ${accountName} could not be reached (${plain(code || error.name)}).`,
    );
  return fail(EXIT.unavailable, `${where}: storage answered ${statusCode} ${plain(code)}.`);
}
