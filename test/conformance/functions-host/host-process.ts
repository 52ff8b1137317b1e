/** The built host as a child process that a test may kill. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type AppName, appDir } from "./fixture.js";

const MAIN = fileURLToPath(new URL("../../../dist/local/functions-host/main.js", import.meta.url));

export interface HostProcess {
  readonly pid: number;
  readonly url: string;
  readonly webhooks: string;
  readonly child: ChildProcess;
  readonly errors: string[];
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

export async function spawnHost(
  app: AppName,
  stateDir: string,
  {
    env = {},
    within = [],
  }: {
    readonly env?: Readonly<Record<string, string>>;
    /** A command that runs the one given as its arguments, in circumstances of its own. */
    readonly within?: readonly string[];
  } = {},
): Promise<HostProcess> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npm run build" first; npm test does.`);
  const flags = ["--app", appDir(app), "--state", stateDir, "--port", "0", "--child"];
  const [program = "", ...args] = [...within, process.execPath, MAIN, ...flags];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => void errors.push(line));
  const gone = once(child, "close");
  const ready = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([ready, gone.then(() => undefined)]);
  if (first === undefined) throw new Error(`The host ended before it was ready:\n${errors.join("\n")}`);
  const { url } = JSON.parse(first[0]) as { url: string };
  return {
    pid: child.pid!,
    url,
    webhooks: `${url}/runtime/webhooks/durabletask`,
    child,
    errors,
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
