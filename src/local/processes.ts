/** What can be learned of other processes: on Linux from /proc, elsewhere only whether they live. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const fromProc = (path: string): string | undefined => {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    return undefined;
  }
};

/** When the process began, in ticks since boot (proc(5), field 22; the command before it may hold spaces). */
export const startOf = (pid: number): string | undefined =>
  fromProc(`${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ")[19];

/** ` (node dist/main.js …)`, or nothing where it cannot be known. */
export function commandOf(pid: number): string {
  const command = fromProc(`${pid}/cmdline`)?.split("\0").join(" ").trim() ?? "";
  return command === "" ? "" : ` (${command.slice(0, 120)})`;
}

const LISTENING = "0A";

/** The process that listens on a TCP port; undefined where it cannot be known. */
export function listenerOn(port: number): number | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = new Set<string>();
  for (const table of ["net/tcp", "net/tcp6"])
    for (const line of fromProc(table)?.split("\n").slice(1) ?? []) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTENING && local?.endsWith(`:${hexPort}`)) sockets.add(`socket:[${inode ?? ""}]`);
    }
  if (sockets.size === 0) return undefined;
  const pid = entries("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((name) => entries(`/proc/${name}/fd`).some((fd) => sockets.has(linkOf(`/proc/${name}/fd/${fd}`))));
  return pid === undefined ? undefined : Number(pid);
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
