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
  /** What the request's log line says besides. */
  readonly about?: Readonly<Record<string, unknown>>;
}

/** The default of the real host (maxRequestBodySize 100 MB). */
const BODY_LIMIT_BYTES = 100 * 1024 * 1024;

/** A request that is answered with this status before anything looks at it. */
export class RequestRefused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function readRequest(request: IncomingMessage, origin: string): Promise<HttpExchange> {
  const url = urlOf(request, origin);
  const chunks: Buffer[] = [];
  const assertSize = (size: number) => {
    if (size > BODY_LIMIT_BYTES) throw new RequestRefused(413, `The body exceeds ${BODY_LIMIT_BYTES} bytes.`);
  };
  assertSize(Number(request.headers["content-length"] ?? 0));
  let size = 0;
  // The answer to a body that is too large still goes through the connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    assertSize((size += chunk.length));
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  return { method: request.method ?? "GET", url, headers, body: Buffer.concat(chunks) };
}

/** Origin form (`/path`, also `//path`), or absolute form as proxies send it. */
function urlOf({ url: target = "/", headers: { host } }: IncomingMessage, origin: string): URL {
  const base = host === undefined ? origin : `http://${host}`;
  const text = target.startsWith("/") ? `${base}${target}` : target;
  if (!URL.canParse(text)) throw new RequestRefused(400, "The request's target or its Host is no URL.");
  return new URL(text);
}

export function writeAnswer(response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}) {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
