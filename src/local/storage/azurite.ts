/**
 * Azurite inside this process. Its servers are deep imports with long positional constructors; this is the one file
 * that knows them. In-process means that nothing of it survives us: an orphan on its ports would silently answer the
 * next start with old data.
 */
import { mkdir } from "node:fs/promises";
import type { Server as HttpServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { keepJournal, type LokiDatabase } from "./index-journal.js";

export interface AzuriteOptions {
  /** Where blobs, queues and tables are kept; absent: in memory. */
  readonly stateDir?: string;
  /** Ports as developers expect them (10000–10002), or free ones where absent or 0. */
  readonly ports?: { readonly blob: number; readonly queue: number; readonly table: number };
  readonly log: (message: string) => void;
}

export interface Azurite {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
  readonly connectionString: string;
  readonly accountName: string;
  readonly accountKey: string;
  /** Writes everything to disk and closes. */
  stop(): Promise<void>;
}

/** The emulator's published account (Microsoft Learn, "Use the Azurite emulator"); no secret. */
const accountName = "devstoreaccount1";
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

interface Server {
  start(): Promise<void>;
  close(): Promise<void>;
  readonly httpServer: HttpServer;
  readonly metadataStore?: { readonly db?: LokiDatabase };
  readonly extentMetadataStore?: { readonly db?: LokiDatabase };
}

type Constructor<T> = new (...args: unknown[]) => T;
const load = createRequire(import.meta.url);
const classOf = <T>(path: string) =>
  (load(`azurite/dist/src/${path}.js`) as { default: Constructor<T> }).default;

const host = "127.0.0.1";
/** As long as Azure's load balancers: a client that thinks for a while must not find its connection closing under it. */
const keepAliveSeconds = 240;
/** Off: access log and debug log. On: whatever API version an SDK sends is accepted. */
const common = {
  head: (port: number) => [host, port, keepAliveSeconds],
  tail: (inMemory: boolean) => [false, true, "", "", "", undefined, false, inMemory],
};

export async function startAzurite({ stateDir, ports, log }: AzuriteOptions): Promise<Azurite> {
  if (stateDir !== undefined) await mkdir(stateDir, { recursive: true });
  (load("azurite/dist/src/common/Logger.js") as { configLogger(enable: boolean): void }).configLogger(false);
  const servers = makeServers(stateDir, ports);
  const started: Server[] = [];
  try {
    for (const server of servers) {
      if (stateDir !== undefined) answerOnceDurable(server, log);
      await server.start();
      started.push(server);
    }
  } catch (error) {
    await Promise.all(started.map((server) => server.close()));
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(
      `A storage port is taken: ${(error as Error).message}. Stop its holder or use free ports.`,
      { cause: error },
    );
  }

  const endpoint = ({ httpServer }: Server) =>
    `http://${host}:${(httpServer.address() as AddressInfo).port}/${accountName}`;
  const [blob, queue, table] = servers;
  const [blobEndpoint, queueEndpoint, tableEndpoint] = [endpoint(blob), endpoint(queue), endpoint(table)];
  log(`storage listens at ${blobEndpoint}, ${queueEndpoint}, ${tableEndpoint}`);
  return {
    blobEndpoint,
    queueEndpoint,
    tableEndpoint,
    connectionString: [
      "DefaultEndpointsProtocol=http",
      `AccountName=${accountName}`,
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${blobEndpoint}`,
      `QueueEndpoint=${queueEndpoint}`,
      `TableEndpoint=${tableEndpoint}`,
      "",
    ].join(";"),
    accountName,
    accountKey,
    async stop() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Blob, queue and table, by Azurite's positional arguments. */
function makeServers(
  stateDir: string | undefined,
  ports: AzuriteOptions["ports"],
): readonly [Server, Server, Server] {
  const inMemory = stateDir === undefined;
  const root = stateDir ?? "";
  const extents = (kind: string) => [
    { locationId: "Default", locationPath: join(root, `__${kind}storage__`), maxConcurrency: 50 },
  ];
  const withExtents = (kind: "blob" | "queue") => [
    ...common.head(ports?.[kind] ?? 0),
    join(root, `__azurite_db_${kind}__.json`),
    join(root, `__azurite_db_${kind}_extent__.json`),
    extents(kind),
    false, // access log
    undefined,
    false, // debug log
    undefined,
    ...common.tail(inMemory),
  ];
  const table = [
    ...common.head(ports?.table ?? 0),
    join(root, "__azurite_db_table__.json"),
    false, // debug log
    false, // access log
    undefined,
    undefined,
    ...common.tail(inMemory),
  ];
  const make = (kind: string, name: string, configuration: readonly unknown[]) =>
    new (classOf<Server>(`${kind}/${name}Server`))(
      new (classOf(`${kind}/${name}Configuration`))(...configuration),
    );
  return [
    make("blob", "Blob", withExtents("blob")),
    make("queue", "Queue", withExtents("queue")),
    make("table", "Table", table),
  ];
}

/** No answer leaves before what it tells of is on disk. */
function answerOnceDurable(server: Server, log: (message: string) => void): void {
  // Extents first: data that no blob names is collected, a blob without its data would be lost.
  const saves = [server.extentMetadataStore?.db, server.metadataStore?.db].flatMap((db) =>
    db ? [keepJournal(db)] : [],
  );
  server.httpServer.prependListener("request", (_request, response) => {
    const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => typeof response;
    response.writeHead = (...head: unknown[]) => {
      try {
        for (const save of saves) save();
      } catch (error) {
        log(`storage cannot write its index, and breaks off instead of answering: ${String(error)}`);
        return response.destroy();
      }
      return writeHead(...head);
    };
  });
}
