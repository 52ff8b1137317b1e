/**
 * One process of a kind per state folder: two would write the same journals. The lock is a file with the process id;
 * it outlives a killed owner, and is then taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandOf, isAlive, startOf } from "./processes.js";

export interface StateLock {
  release(): void;
}

class StateInUse extends Error {}

/** `name` is that of the lock's file: cloud and host share a folder, each has its own. */
export function lockState(stateDir: string, name: string): StateLock {
  const path = join(stateDir, name);
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) });
  return inFolder(stateDir, () => {
    for (;;) {
      try {
        writeFileSync(path, mine, { flag: "wx" });
        return { release: () => rmSync(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = ownerIn(path);
      if (owner !== undefined)
        throw new StateInUse(
          `${stateDir} is in use by process ${owner}${commandOf(owner)}. Stop it, or choose another folder with --state.`,
        );
      rmSync(path, { force: true });
    }
  });
}

/** Longer than a graceful stop takes. */
const WAIT_MS = 5000;
const LOOK_EVERY_MS = 50;

/** As `lockState`, but waits for an owner that may be on its way out. */
export async function lockStateSoon(stateDir: string, name: string): Promise<StateLock> {
  const untilMs = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return lockState(stateDir, name);
    } catch (error) {
      if (!(error instanceof StateInUse) || Date.now() > untilMs) throw error;
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** Runs `use` with the folder made, for nobody else to look into, and says of which folder and what to do when it cannot be made or written. */
export function inFolder<T>(folder: string, use: () => T): T {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return use();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new Error(
      `${folder} cannot keep the state: ${(cause as Error).message}. Mend it, or choose another folder with --state.`,
      { cause },
    );
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
