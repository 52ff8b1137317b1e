/** The storage side of boot diagnostics: a VM's serial console, as text. */
import { consoleLog } from "../model/boot-diagnostics.js";
import type { World } from "../model/world.js";
import type { SasReply } from "./sas-server.js";

const PATH = /^\/bootdiagnostics\/([0-9a-f-]{36})\/serialconsole\.log$/;

export const isConsolePath = (path: string): boolean => path.startsWith("/bootdiagnostics/");

export function consoleReply(world: World, { pathname, searchParams }: URL): SasReply {
  const text = consoleLog(world, PATH.exec(pathname)?.[1] ?? "", searchParams.get("sig"));
  return text === undefined
    ? { status: 404, headers: { "x-ms-error-code": "BlobNotFound" } }
    : { status: 200, headers: { "content-type": "text/plain" }, text };
}
