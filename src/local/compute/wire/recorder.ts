/** Every exchange as one JSON line, for tools that check traffic against contracts. Secrets never reach the file. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { masked, maskText } from "../../masking.js";

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly apiVersion: string | null;
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

/** Each line is written before its answer leaves; the count goes on where an earlier process left the file. */
export function recorder(file: string | undefined): Record_ | undefined {
  if (file === undefined) return undefined;
  let seq = lastSeq(file);
  return ({
    method,
    url,
    apiVersion,
    requestHeaders,
    requestBody,
    status,
    responseHeaders,
    responseBody,
  }) => {
    seq += 1;
    const line = {
      seq,
      method,
      url: maskText(url),
      apiVersion,
      requestHeaders: maskedHeaders(requestHeaders),
      requestBody: masked(requestBody),
      status,
      responseHeaders: maskedHeaders(responseHeaders),
      responseBody: masked(responseBody),
    };
    appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  };
}

/** What stands behind the last line feed belongs to an answer that never left: a process was killed as it wrote. */
function lastSeq(file: string): number {
  if (!existsSync(file)) return 0;
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf("\n");
  if (end + 1 < bytes.length) truncateSync(file, end + 1);
  if (end <= 0) return 0;
  const last = bytes.subarray(bytes.lastIndexOf("\n", end - 1) + 1, end).toString("utf8");
  return (JSON.parse(last) as { seq: number }).seq;
}
