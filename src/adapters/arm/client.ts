/** Azure Resource Manager, of Azure or of an embedded one on this machine: Microsoft.Compute's client, and any GET. */
import { ComputeManagementClient } from "@azure/arm-compute";
import { createDefaultHttpClient, createPipelineRequest } from "@azure/core-rest-pipeline";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import type { ResourceId } from "../../domain/resource-id.js";
import { parseResourceId, subscriptionIdOf } from "../../domain/resource-id.js";

export interface ArmOptions {
  /** Only for the embedded Azure: an http endpoint on the loopback interface, which is sent no token. */
  readonly endpoint?: string | undefined;
  readonly credential: TokenCredential;
  readonly answersWithinMs?: number;
}

/** Resource Manager answers within a minute, or ends a request itself; beyond that, nobody is there any more. */
const ANSWERS_WITHIN_MS = 90_000;

export interface Arm {
  /** A request may name a VM in another subscription than ours. */
  compute(subscriptionId: string): ComputeManagementClient;
  /** Any resource by its id, through the same pipeline; undefined when it is not there. */
  read<T>(id: string, apiVersion: string): Promise<T | undefined>;
  /** Every page of a list beneath a scope; undefined when the scope is not there. The path was made by us. */
  readList<T>(path: string, apiVersion: string): Promise<readonly T[] | undefined>;
  /** Begins to delete a resource of another provider; what is not there is deleted. */
  remove(id: string, apiVersion: string): Promise<void>;
  /** What a status URL of a long operation answers. */
  readUrl<T>(subscriptionId: string, url: string): Promise<T | undefined>;
}

interface Page<T> {
  readonly value?: readonly T[];
  readonly nextLink?: string;
}

/** For the few resources of Microsoft.Network that are read: the version that the adapters were tried with. */
export const NETWORK_API = "2024-05-01";

const PUBLIC_CLOUD = "https://management.azure.com";

export function arm({ endpoint, credential, answersWithinMs = ANSWERS_WITHIN_MS }: ArmOptions): Arm {
  const http = createDefaultHttpClient();
  const clients = new Map<string, ComputeManagementClient>();

  const compute = (subscriptionId: string) => {
    const client = clients.get(subscriptionId) ?? newClient(subscriptionId, endpoint, credential);
    if (!clients.has(subscriptionId)) client.pipeline.addPolicy(impatience(answersWithinMs));
    clients.set(subscriptionId, client);
    return client;
  };
  const origin = originOf(endpoint ?? PUBLIC_CLOUD);
  const send = async (subscriptionId: string, url: string, method: "GET" | "DELETE") => {
    // Pages and operations are named by answers, and come back out of a history: our token goes to no other host.
    if (originOf(url) !== origin)
      throw new Error(`Azure Resource Manager answered with a link to another host, which is not followed.`);
    const request = createPipelineRequest({ url, method, allowInsecureConnection: endpoint !== undefined });
    const { status, headers, bodyAsText } = await compute(subscriptionId).pipeline.sendRequest(http, request);
    if (status >= 300 && status !== 404) throw errorOf(status, headers.get("retry-after"), bodyAsText ?? "");
    return { status, text: bodyAsText ?? "" };
  };
  const readUrl = async <T>(subscriptionId: string, url: string): Promise<T | undefined> => {
    const { status, text } = await send(subscriptionId, url, "GET");
    return status === 404 ? undefined : (JSON.parse(text || "{}") as T);
  };
  const urlOf = (path: string, apiVersion: string) =>
    `${endpoint ?? PUBLIC_CLOUD}${path}?api-version=${apiVersion}`;
  return {
    compute,
    readUrl,
    read: (id, apiVersion) => readUrl(idOf(id).subscriptionId, urlOf(id, apiVersion)),
    async readList<T>(path: string, apiVersion: string) {
      const items: T[] = [];
      let url: string | undefined = urlOf(path, apiVersion);
      while (url !== undefined) {
        const page: Page<T> | undefined = await readUrl(subscriptionIdOf(path), url);
        if (page === undefined) return undefined;
        items.push(...(page.value ?? []));
        url = page.nextLink;
      }
      return items;
    },
    async remove(id, apiVersion) {
      await send(idOf(id).subscriptionId, urlOf(id, apiVersion), "DELETE");
    },
  };
}

/** An embedded Azure names itself by another name of this machine than the setting may. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, origin } = new URL(url);
  return /^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname) ? `${protocol}//localhost:${port}` : origin;
}

/** As the SDK's own errors are, so that errors.ts classifies both alike. */
function errorOf(statusCode: number, retryAfter: string | undefined, text: string): Error {
  const { code, message = text } = wordsOf(text);
  const response = { headers: { get: () => retryAfter } };
  return Object.assign(new Error(message), { statusCode, code, response });
}

function wordsOf(text: string): { readonly code?: string; readonly message?: string } {
  try {
    return (JSON.parse(text) as { error?: { code?: string; message?: string } }).error ?? {};
  } catch {
    return {};
  }
}

function newClient(subscriptionId: string, endpoint: string | undefined, credential: TokenCredential) {
  // The runbook retries and sleeps, durably; an activity that waits out a Retry-After would be neither short nor cheap.
  const retryOptions = { maxRetries: 0 };
  if (endpoint === undefined)
    return new ComputeManagementClient(credential, subscriptionId, { retryOptions });
  const local = { endpoint, allowInsecureConnection: true, retryOptions };
  const client = new ComputeManagementClient(credential, subscriptionId, local);
  // The policy refuses to send a token over plain http, and the embedded Azure wants none.
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  return client;
}

/** The SDK itself would wait for an answer without end, and with it the activity, and with that a cancel. */
const impatience = (withinMs: number): PipelinePolicy => ({
  name: "impatience",
  async sendRequest(request, next) {
    request.timeout = withinMs;
    try {
      return await next(request);
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) throw error;
      const { pathname } = new URL(request.url);
      throw new Error(`Azure did not respond within ${withinMs / 1000} s: ${request.method} ${pathname}`, {
        cause: error,
      });
    }
  },
});

/** Any id that reaches an adapter was made or checked by us; a wrong one is a fault of ours, not of a request. */
export function idOf(id: string): ResourceId {
  const parsed = parseResourceId(id);
  if (parsed === undefined) throw new TypeError(`Not a resource id: ${id}`);
  return parsed;
}

/** As many names as a type has segments: three for "galleries/images/versions". */
type NamesOf<Type extends string> = Type extends `${string}/${infer Rest}`
  ? readonly [string, ...NamesOf<Rest>]
  : readonly [string];

export interface Located<Type extends string> {
  readonly client: ComputeManagementClient;
  readonly group: string;
  readonly names: NamesOf<Type>;
}

/** The client for the subscription of an id of this type, with the group and the names that its calls take. */
export function locate<Type extends string>(cloud: Arm, id: string, type: Type): Located<Type> {
  const { subscriptionId, resourceGroup, names, ...parsed } = idOf(id);
  if (parsed.type.toLowerCase() !== type.toLowerCase()) throw new TypeError(`Not an id of ${type}: ${id}`);
  return {
    client: cloud.compute(subscriptionId),
    group: resourceGroup,
    // A resource id has a name for each segment of its type.
    names: names as readonly string[] as NamesOf<Type>,
  };
}
