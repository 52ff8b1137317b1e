/** Every exchange as one JSON line, for tools that check traffic against contracts. Secrets never reach the file. */
import { appendFileSync } from "node:fs";
import { masked, maskText } from "../../masking.js";

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
const MASK = "***";

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
      url: maskText(url),
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
