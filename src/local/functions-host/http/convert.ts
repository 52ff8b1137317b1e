/** Between HTTP and the typed data of an HTTP trigger. */
import type { RpcHttpCookie, RpcHttpData, RpcTypedData } from "../core/core-types.js";
import { toBytes } from "../core/typed-data.js";
import type { HttpAnswer, HttpExchange } from "./exchange.js";

const nullable = (entries: Iterable<readonly [string, string]>) =>
  Object.fromEntries([...entries].map(([name, value]) => [name, { value }]));

export function toTriggerData(
  { method, url, headers, body }: HttpExchange,
  params: Record<string, string>,
): RpcTypedData {
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams)
    query.set(name, query.has(name) ? `${query.get(name) ?? ""},${value}` : value);
  const http: RpcHttpData = {
    method,
    url: url.href,
    nullableHeaders: nullable(Object.entries(headers)),
    nullableQuery: nullable(query),
    nullableParams: nullable(Object.entries(params)),
    ...(body.length === 0 ? {} : { body: { bytes: body } }),
  };
  return { http };
}

/** No result is 204; a result that is no response object was refused by the library before. */
export function toAnswer(returned: RpcTypedData | null | undefined): HttpAnswer {
  const http = returned?.http;
  if (http === undefined) return { status: 204 };
  const headers: Record<string, string | string[]> = { ...http.headers };
  const cookies = (http.cookies ?? []).map(cookieText);
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  return { status: Number(http.statusCode ?? 200), headers, body: toBytes(http.body) };
}

function cookieText(cookie: RpcHttpCookie): string {
  const expires = cookie.expires?.value;
  const parts = [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    `Path=${cookie.path?.value ?? "/"}`,
    (expires instanceof Date || typeof expires === "string") && `Expires=${new Date(expires).toUTCString()}`,
    cookie.httpOnly?.value && "HttpOnly",
    cookie.secure?.value && "Secure",
    cookie.sameSite !== undefined && cookie.sameSite !== "none" && `SameSite=${cookie.sameSite}`,
    cookie.sameSite === "explicitNone" && "SameSite=None",
  ];
  return parts.filter((part) => typeof part === "string").join("; ");
}
