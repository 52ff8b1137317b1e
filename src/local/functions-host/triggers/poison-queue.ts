/** Puts one message into a storage queue over its REST interface, with a short-lived account SAS. */
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";

const VALID_MS = 10 * 60 * 1000;
/** The emulator's published account (Microsoft Learn, "Use the Azurite emulator"); a constant of the product. */
const developmentStorage =
  "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1";

export async function enqueue(connectionString: string, queue: string, text: string): Promise<void> {
  const { endpoint, credential } = queueAccount(connectionString);
  const sas = generateAccountSASQueryParameters(
    {
      // The storage account checks with its own clock, whatever the host's shows.
      expiresOn: new Date(Date.now() + VALID_MS),
      permissions: AccountSASPermissions.parse("rwac"),
      resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
      services: AccountSASServices.parse("q").toString(),
    },
    credential,
  ).toString();
  await send("PUT", `${endpoint}/${queue}`, sas);
  const body = Buffer.from(text).toString("base64");
  await send(
    "POST",
    `${endpoint}/${queue}/messages`,
    sas,
    `<QueueMessage><MessageText>${body}</MessageText></QueueMessage>`,
  );
}

async function send(method: string, url: string, sas: string, body?: string): Promise<void> {
  const headers = { "content-type": "application/xml" };
  const response = await fetch(`${url}?${sas}`, { method, ...(body === undefined ? {} : { body, headers }) });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}.`);
  await response.arrayBuffer();
}

function queueAccount(connectionString: string): {
  endpoint: string;
  credential: StorageSharedKeyCredential;
} {
  const text = /^UseDevelopmentStorage=true/i.test(connectionString) ? developmentStorage : connectionString;
  const parts = new Map(
    text
      .split(";")
      .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)] as const),
  );
  const account = parts.get("AccountName");
  const key = parts.get("AccountKey");
  if (account === undefined || key === undefined) {
    throw new Error(
      "The storage connection string has no AccountName and AccountKey, so no poison message can be sent.",
    );
  }
  const protocol = parts.get("DefaultEndpointsProtocol") ?? "https";
  const suffix = parts.get("EndpointSuffix") ?? "core.windows.net";
  const endpoint = parts.get("QueueEndpoint") ?? `${protocol}://${account}.queue.${suffix}`;
  return { endpoint: endpoint.replace(/\/$/, ""), credential: new StorageSharedKeyCredential(account, key) };
}
