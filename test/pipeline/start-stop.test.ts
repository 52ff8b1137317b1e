/** `npm start` and its processes, as built: what ends with what, and what a second start says. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const appDir = fileURLToPath(new URL("../..", import.meta.url));
const script = join(appDir, "dist/local/start/main.js");

let stateDir: string;
const running: ChildProcess[] = [];
beforeEach(() => void (stateDir = mkdtempSync(join(tmpdir(), "start-stop-"))));
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly output: () => string;
  /** Resolves when the output holds the text; fails with the output when the process ends before. */
  says(text: string): Promise<void>;
}

function start(): Started {
  if (!existsSync(script)) throw new Error("Pipeline tests run what is built: npm run build first.");
  const child = spawn(process.execPath, [script, "--ports", "free", "--state", stateDir]);
  running.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    exited,
    output: () => output,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`Ended without saying "${text}":\n${output}`);
        await Promise.race([once(child.stdout, "data"), exited]);
      }
    },
  };
}

const READY = "Ctrl-C stops it";
const hostOf = (started: Started): string => /http:\/\/localhost:\d+/.exec(started.output())?.[0] ?? "no URL";
const cloudPid = (): number =>
  (JSON.parse(readFileSync(join(stateDir, "cloud.pid"), "utf8")) as { pid: number }).pid;
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/api/runs`).then(
    (response) => response.ok,
    () => false,
  );

async function until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<number> {
  const began = Date.now();
  while (!(await condition())) {
    if (Date.now() - began > withinMs) throw new Error(`Not so within ${withinMs} ms.`);
    await sleep(20);
  }
  return Date.now() - began;
}

describe("npm start", { timeout: 60_000 }, () => {
  it("serves until Ctrl-C, ends everything by itself, and goes on with its state at the next start", async () => {
    const first = start();
    await first.says(READY);
    expect(await answers(hostOf(first))).toBe(true);
    const cloud = cloudPid();
    first.child.kill("SIGINT");
    // By itself: what has not ended after 5 s is killed, and the code says so.
    expect(await first.exited).toBe(0);
    expect(lives(cloud)).toBe(false);

    const second = start();
    await second.says(READY);
    expect(await answers(hostOf(second))).toBe(true);
    second.child.kill("SIGTERM");
    expect(await second.exited).toBe(0);
  });

  it("leaves no orphan when it is killed outright", async () => {
    const started = start();
    await started.says(READY);
    const [cloud, host] = [cloudPid(), hostOf(started)];
    started.child.kill("SIGKILL");
    await until(async () => !lives(cloud) && !(await answers(host)), 10_000);
  });

  it("says who holds the state when it is started twice, and leaves the first alone", async () => {
    const first = start();
    await first.says(READY);
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`${stateDir} is in use by process ${cloudPid()}`);
    expect(await answers(hostOf(first))).toBe(true);
  });

  it.runIf(process.platform === "linux")("starts a killed host again and says so", async () => {
    const started = start();
    await started.says(READY);
    const children = readFileSync(`/proc/${started.child.pid}/task/${started.child.pid}/children`, "utf8");
    const host = children
      .trim()
      .split(/\s+/)
      .map(Number)
      .find((pid) => pid !== cloudPid());
    process.kill(host!, "SIGKILL");
    await started.says("Starting it again");
    await until(() => answers(hostOf(started)), 20_000);
  });
});
