/** The wire to a storage account, going wrong where a test says: a proxy that loses, delays or answers requests itself. */
import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as later } from "node:timers/promises";

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Whoever asked is no longer there to be answered. */
  isGone(): boolean;
}

export type Fault =
  /** The account never sees it. */
  | "lost before"
  /** It is done, and nobody learns of it. */
  | "lost after"
  | { readonly status: number; readonly code: string }
  /** The account's own answer, with other headers. */
  | { readonly says: Readonly<Record<string, string>> }
  | { readonly delayMs: number };

type Choose = (request: WireRequest) => Fault | undefined | Promise<Fault | undefined>;

export interface FaultyWire {
  readonly endpoint: string;
  /** Asked for every request from now on, in order; the request is held until there is an answer. */
  fail(choose: Choose): void;
  close(): Promise<void>;
}

export const isPutPage = ({ method, query }: WireRequest): boolean =>
  method === "PUT" && query.get("comp") === "page";
export const isRangedGet = ({ method, headers }: WireRequest): boolean =>
  method === "GET" && headers["x-ms-range"] !== undefined;

/** `translate` is applied to every request's body that is text. */
export async function faultyWire(target: string, translate?: (text: string) => string): Promise<FaultyWire> {
  let choose: Choose = () => undefined;
  const { hostname, port, pathname } = new URL(target);
  const agent = new Agent({ keepAlive: true });

  async function serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", target);
    const sent = await bodyOf(incoming);
    const body = translate === undefined ? sent : Buffer.from(translate(sent.toString()));
    const { method = "GET" } = incoming;
    const headers = { ...incoming.headers };
    if (body.length !== sent.length) headers["content-length"] = String(body.length);
    const isGone = () => incoming.socket.destroyed;
    const fault = await choose({ method, path: url.pathname, query: url.searchParams, headers, isGone });
    if (fault === "lost before") return void incoming.socket.destroy();
    if (typeof fault === "object" && "status" in fault) {
      answer.writeHead(fault.status, { "x-ms-error-code": fault.code });
      return void answer.end();
    }
    if (typeof fault === "object" && "delayMs" in fault) await later(fault.delayMs);
    const passed = forward({ agent, hostname, port, method, path: incoming.url, headers });
    passed.end(body);
    const [response] = (await once(passed, "response")) as [IncomingMessage];
    const bytes = await bodyOf(response);
    if (fault === "lost after") return void incoming.socket.destroy();
    const says = typeof fault === "object" && "says" in fault ? fault.says : {};
    answer.writeHead(response.statusCode ?? 500, { ...response.headers, ...says });
    answer.end(bytes);
  }

  const server = createServer((incoming, answer) => {
    serve(incoming, answer).catch(() => incoming.socket.destroy());
  });
  // What is lost is lost because a test says so: no connection closes for having been idle.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    fail: (next) => (choose = next),
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
