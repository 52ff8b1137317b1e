/**
 * One host at a time over one state folder: two would write one journal. A host that is on its way out is waited for;
 * the mark of one that was killed is taken over, for its process is gone.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Longer than a graceful stop takes. */
const WAIT_MS = 5000;
const LOOK_EVERY_MS = 50;

/** Resolves with the release. */
export async function lockState(stateDir: string): Promise<() => Promise<void>> {
  await mkdir(stateDir, { recursive: true });
  const path = join(stateDir, "host.lock");
  const untilMs = Date.now() + WAIT_MS;
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: "wx" });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (!isAlive(holder)) await rm(path, { force: true });
    else if (Date.now() > untilMs) {
      throw new Error(
        `${stateDir} is in use by the host with process id ${holder}. Stop it, choose another folder, ` +
          `or delete ${path} if that process is something else.`,
      );
    } else await delay(LOOK_EVERY_MS);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
