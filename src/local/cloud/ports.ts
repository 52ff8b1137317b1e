/** The ports that developers expect, and what to say when one of them is taken. */
import { once } from "node:events";
import { createServer } from "node:net";
import { commandOf, listenerOn } from "../processes.js";
import type { Connections } from "./connections.js";

export interface CloudPorts {
  readonly blob: number;
  readonly queue: number;
  readonly table: number;
  readonly serviceBus: number;
  readonly compute: number;
}

/** Azurite's and AMQP's own; Compute has none, so it stands beside the Functions host's 7071. */
export const DEFAULT_PORTS: CloudPorts = {
  blob: 10000,
  queue: 10001,
  table: 10002,
  serviceBus: 5672,
  compute: 7080,
};
export const DEFAULT_HOST_PORT = 7071;

/** What a former start gave out. */
type Addresses = Pick<Connections, "serviceBus" | "compute"> & {
  readonly storage: Pick<Connections["storage"], "blobEndpoint" | "queueEndpoint" | "tableEndpoint">;
};

/**
 * Any that are free (0: as they come), those of the last start first: addresses that were given out then, signed ones
 * among them, hold on.
 */
export async function freePorts(last: Addresses | undefined): Promise<CloudPorts> {
  const again = async (address: string | undefined): Promise<number> => {
    const port = Number(/:(\d+)/.exec(address ?? "")?.[1] ?? 0);
    return port !== 0 && (await canListen(port)) ? port : 0;
  };
  return {
    blob: await again(last?.storage.blobEndpoint),
    queue: await again(last?.storage.queueEndpoint),
    table: await again(last?.storage.tableEndpoint),
    serviceBus: await again(last?.serviceBus.connectionString),
    compute: await again(last?.compute.endpoint),
  };
}

/** Throws one error that names every port that is taken and, where it can be known, by whom. */
export async function assertPortsFree(ports: Readonly<Record<string, number>>): Promise<void> {
  const taken: string[] = [];
  for (const [service, port] of Object.entries(ports))
    if (port !== 0 && !(await canListen(port))) taken.push(`  ${port} (${service}): ${holderOf(port)}`);
  if (taken.length > 0)
    throw new Error(
      `These ports are taken:\n${taken.join("\n")}\nStop what holds them, or start with --ports free.`,
    );
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

function holderOf(port: number): string {
  const pid = listenerOn(port);
  if (pid !== undefined) return `process ${pid}${commandOf(pid)}`;
  const command = process.platform === "win32" ? `netstat -ano | findstr :${port}` : `lsof -i :${port}`;
  return `held by another process; \`${command}\` names it`;
}
