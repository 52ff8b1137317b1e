/** What one must know to reach the local cloud. Every key in it is a published development key. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../state-file.js";

export interface Connections {
  readonly storage: {
    readonly connectionString: string;
    readonly blobEndpoint: string;
    readonly queueEndpoint: string;
    readonly tableEndpoint: string;
    /** How Azure Resource Manager names the account. */
    readonly accountId: string;
  };
  readonly serviceBus: { readonly connectionString: string };
  readonly compute: { readonly endpoint: string };
  readonly subscriptionId: string;
  readonly clockFile: string;
  readonly speed: number;
}

export const connectionsFile = (stateDir: string): string => join(stateDir, "connections.json");
export const settingsFile = (stateDir: string): string => join(stateDir, "local.settings.json");

export const readConnections = (stateDir: string): Connections =>
  JSON.parse(readFileSync(connectionsFile(stateDir), "utf8")) as Connections;

/** Undefined where none was written, or none that can be read. */
export function lastConnections(stateDir: string): Connections | undefined {
  try {
    return readConnections(stateDir);
  } catch {
    return undefined;
  }
}

/** Never half written: another process may be waiting for it. */
export const writeJson = (path: string, value: unknown): void =>
  replaceFile(path, `${JSON.stringify(value, null, 2)}\n`);
