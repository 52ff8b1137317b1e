/** Every exchange as one JSON line, for tools that check traffic against contracts. Secrets never reach the file. */
import { appendFileSync } from "node:fs";

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, unknown>>;
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, unknown>>;
  readonly responseBody: unknown;
}

export type Record_ = (exchange: Exchange) => void;

const SECRET_HEADERS = new Set(["authorization", "cookie", "x-ms-authorization-auxiliary"]);
const SECRET_MEMBERS = new Set([
  "protectedparameters",
  "adminpassword",
  "customdata",
  "userdata",
  "accesssas",
  "markerurl",
]);
const MASK = "***";

/** A signature is what follows `sig=` in any URL. */
export const maskUrls = (text: string): string => text.replaceAll(/([?&]sig=)[^&\s"]+/gi, `$1${MASK}`);

export function masked(value: unknown): unknown {
  if (typeof value === "string") return maskUrls(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_MEMBERS.has(name.toLowerCase()) ? MASK : masked(member),
    ]),
  );
}

const maskedHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SECRET_HEADERS.has(name.toLowerCase()) ? MASK : masked(value),
    ]),
  );

export function recorder(file: string | undefined): Record_ | undefined {
  if (file === undefined) return undefined;
  let seq = 0;
  return ({ method, url, requestHeaders, requestBody, status, responseHeaders, responseBody }) => {
    seq += 1;
    const line = {
      seq,
      method,
      url: maskUrls(url),
      apiVersion: new URL(url, "http://local").searchParams.get("api-version"),
      requestHeaders: maskedHeaders(requestHeaders),
      requestBody: masked(requestBody),
      status,
      responseHeaders: maskedHeaders(responseHeaders),
      responseBody: masked(responseBody),
    };
    appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  };
}
