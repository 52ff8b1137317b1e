/**
 * One cloud per state folder: two would write the same journals. The lock is a file with the process id; it
 * outlives a killed owner, and is then taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandOf, isAlive, startOf } from "./processes.js";

export interface StateLock {
  release(): void;
}

export function lockState(stateDir: string): StateLock {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, "cloud.pid");
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) });
  for (;;) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = ownerIn(path);
    if (owner !== undefined)
      throw new Error(
        `${stateDir} is in use by process ${owner}${commandOf(owner)}. Stop it, or choose another folder with --state.`,
      );
    rmSync(path, { force: true });
  }
}

/** The living owner; undefined where it is gone, also when its number has been given to another process since. */
function ownerIn(path: string): number | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(path, "utf8")) as { pid: number; startedAt?: string };
    return isAlive(pid) && (startedAt === undefined || startedAt === startOf(pid)) ? pid : undefined;
  } catch {
    return undefined;
  }
}
