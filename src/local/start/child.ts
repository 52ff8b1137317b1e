/**
 * A process of the local environment. It says that it is ready in one line of JSON on standard output, logs on
 * standard error, and ends when its standard input closes; so it never outlives this process, however this one ends.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface ChildOptions {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly onLogLine: (line: string) => void;
}

export interface Child {
  readonly pid: number;
  /** The line with which it said that it is ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** How it ended, in words. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it in good order, and by force when that takes too long. */
  stop(withinMs: number): Promise<void>;
  /** As `kill -9` does. */
  kill(): void;
}

/** What is young here dies young: the default of 16 MiB per half costs memory and wins nothing. */
const NODE_FLAGS = ["--enable-source-maps", "--max-semi-space-size=4"];
const READY_MS = 30_000;
const TAIL_LINES = 20;

export async function startChild({ name, script, args, onLogLine }: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, [...NODE_FLAGS, script, "--child", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: Ctrl-C reaches this process alone, and it stops the others in order.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  // Its own end is seen below; a write to a closed pipe is not news.
  child.stdin.on("error", () => undefined);
  const tail: string[] = [];
  createInterface(child.stderr).on("line", (line) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    onLogLine(line);
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code ?? "?"}` : `was ended by ${signal}`),
    );
  });
  const late = AbortSignal.timeout(READY_MS);
  const ready = await Promise.race([
    once(createInterface(child.stdout), "line", { signal: late }).then(([line]) => parseReady(String(line))),
    ended,
  ]).catch(() => `was not ready within ${READY_MS / 1000} s`);
  if (typeof ready === "string") {
    child.kill("SIGKILL");
    throw new Error([`The ${name} process ${ready}.`, ...tail].join("\n"));
  }
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    async stop(withinMs) {
      child.stdin.end();
      const force = setTimeout(() => child.kill("SIGKILL"), withinMs);
      await ended;
      clearTimeout(force);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function parseReady(line: string): Record<string, unknown> | string {
  try {
    const parsed = JSON.parse(line) as Record<string, unknown>;
    return parsed["ready"] === true ? parsed : `said "${line}" instead of being ready`;
  } catch {
    return `said "${line}" instead of being ready`;
  }
}
