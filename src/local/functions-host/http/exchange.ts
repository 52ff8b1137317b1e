/** A request that has been read and an answer that has not been written, for everything that speaks HTTP here. */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface HttpExchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | string;
}

/** The default of the real host (maxRequestBodySize 100 MB). */
const BODY_LIMIT_BYTES = 100 * 1024 * 1024;

export class BodyTooLarge extends Error {}

export async function readRequest(request: IncomingMessage, origin: string): Promise<HttpExchange> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new BodyTooLarge(`The body exceeds ${BODY_LIMIT_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  const base = headers.host === undefined ? origin : `http://${headers.host}`;
  const target = request.url ?? "/";
  const url = URL.canParse(target, base) ? new URL(target, base) : new URL("/", origin);
  return { method: request.method ?? "GET", url, headers, body: Buffer.concat(chunks) };
}

export function writeAnswer(response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
