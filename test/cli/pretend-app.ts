/** An app of the test's own behind real HTTP: answers what it is told to, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { runCommandLine } from "../../src/cli/run-command-line.js";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Record<string, string>;
  /** The connection is broken off instead. */
  readonly breakOff?: true;
  /** Nothing is ever answered. */
  readonly hang?: true;
}

export type App = Awaited<ReturnType<typeof startApp>>;

export async function startApp(answer: (asked: Asked, index: number) => Answer) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const one: Asked = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      asked.push(one);
      const { status = 200, json, text, headers = {}, breakOff, hang } = answer(one, asked.length - 1);
      if (hang) return;
      if (breakOff) {
        request.socket.destroy();
        return;
      }
      response.writeHead(status, headers);
      response.end(text ?? (json === undefined ? "" : JSON.stringify(json)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Surroundings {
  readonly env?: Record<string, string>;
  readonly columns?: number;
}

/** Runs the command line in this process; nobody really sleeps, and how long they would have is remembered. */
export async function vmimage(argv: readonly string[], { env = {}, columns }: Surroundings = {}) {
  let [out, err] = ["", ""];
  const slept: number[] = [];
  const code = await runCommandLine(argv, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env,
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
    ...(columns === undefined ? {} : { columns: () => columns }),
  });
  return { code, out, err, slept };
}

const AT = "2031-05-06T07:08:09.000Z";

/** A status document; stages as `name:state:percent`. */
export const run = (id: string, status: string, stages: readonly string[] = [], more: object = {}) => ({
  id,
  kind: "capture",
  status,
  stages: stages.map((text) => {
    const [name, state, percent] = text.split(":");
    return {
      name,
      state,
      ...(state === "pending" ? {} : { startedAt: AT }),
      ...(percent === undefined ? {} : { percent: Number(percent) }),
    };
  }),
  leftovers: [],
  createdAt: AT,
  updatedAt: "2031-05-06T07:10:14.000Z",
  links: { self: "", cancel: "" },
  ...more,
});

export const notFound = (id: string): Answer => ({
  status: 404,
  json: { error: { code: "RUN_NOT_FOUND", message: `There is no capture ${id}.`, remedy: "List runs." } },
});

export const accepted = (kind: string, id: string): Answer => ({
  status: 202,
  json: { id, links: { self: `http://elsewhere/api/${kind}s/${id}` } },
});
