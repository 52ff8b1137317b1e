/** The embedded Service Bus: entities, journal and AMQP server put together. See docs/local/service-bus.md. */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../clock.js";
import { EMULATOR_KEY, type AccessKey } from "./cbs.js";
import type { Entities } from "./config.js";
import { memoryJournal, openJournal } from "./journal.js";
import type { LogLine } from "./log-line.js";
import { createNamespace, type EntityCounts } from "./namespace.js";
import { listen } from "./server.js";

export interface BrokerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  readonly entities: Entities;
  /** Absent: messages live as long as the process. */
  readonly journalDir?: string;
  /** Survive power loss too, not only the end of the process. */
  readonly fsync?: boolean;
  readonly accessKey?: AccessKey;
  readonly clock: Clock;
  readonly log: (line: LogLine) => void;
}

export interface Broker {
  readonly port: number;
  readonly connectionString: string;
  peekCounts(): EntityCounts[];
  /** Says farewell to the clients, waits briefly for theirs, then drops whoever is left. */
  stop(): Promise<void>;
}

/** How long clients may take to answer a farewell; on loopback a live one needs a few milliseconds. */
const FAREWELL_MS = 500;

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const {
    host = "127.0.0.1",
    accessKey = EMULATOR_KEY,
    clock,
    log,
    entities,
    journalDir,
    fsync = false,
  } = options;
  const sockets = new Set<Socket>();
  const journal =
    journalDir === undefined
      ? memoryJournal()
      : openJournal({
          directory: journalDir,
          fsync,
          onFailure(error) {
            log({
              level: "error",
              event: "service-bus.journal-failed",
              reason: String(error),
              directory: journalDir,
              remedy: "make room or mend the folder, then start again",
            });
            // Senders have been told; nobody else gets an answer to what was not kept.
            server.close();
            for (const socket of sockets) socket.destroySoon();
          },
        });
  const namespace = createNamespace(entities, journal, clock);
  for (const { path, messages } of namespace.orphans()) {
    log({
      level: "warn",
      event: "service-bus.orphaned",
      path,
      messages,
      remedy: "name the entity in the configuration again",
    });
  }
  const { server, sayFarewell } = listen({
    host,
    port: options.port ?? 0,
    namespace,
    journal,
    accessKey,
    clock,
    log,
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  try {
    await once(server, "listening");
  } catch (error) {
    journal.close();
    throw error;
  }
  namespace.start();
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connectionString:
      `Endpoint=sb://${host}:${port};SharedAccessKeyName=${accessKey.name};` +
      `SharedAccessKey=${accessKey.key};UseDevelopmentEmulator=true;`,
    peekCounts: () => namespace.counts(),
    async stop() {
      const closed = once(server, "close");
      server.close();
      sayFarewell();
      const drop = setTimeout(() => {
        // With an error, since rhea hears of nothing else: it would keep its timers, and they the process, for minutes.
        for (const socket of sockets) socket.destroy(new Error("The broker stops."));
      }, FAREWELL_MS);
      await closed;
      clearTimeout(drop);
      // After the connections: what they give up may set a timer once more.
      namespace.stop();
      journal.close();
    },
  };
}
