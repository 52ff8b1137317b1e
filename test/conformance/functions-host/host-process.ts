/**
 * The host as a child process that a test may kill. It is transpiled from the sources at hand, so that the test never
 * runs a stale build.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Transpiles the host into a folder of its own and copies the app beside it; returns that folder. */
export async function buildHost(appDir: string): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), "host-build-"));
  const local = join(root, "src/local");
  const names = await readdir(join(local, "functions-host"), { recursive: true });
  const sources = names
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(local, "functions-host", name));
  const shared = (await readdir(local))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(local, name));
  for (const source of [...sources, ...shared]) {
    const target = join(out, "local", relative(local, source).replace(/\.ts$/, ".js"));
    await mkdir(dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(await readFile(source, "utf8"), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    await writeFile(target, outputText);
  }
  await writeFile(join(out, "package.json"), '{ "type": "module" }');
  await symlink(resolve(root, "node_modules"), join(out, "node_modules"), "junction");
  await cp(appDir, join(out, "app"), { recursive: true });
  return out;
}

export interface HostProcess {
  readonly pid: number;
  readonly webhooks: string;
  readonly child: ChildProcess;
  readonly errors: string[];
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

export async function spawnHost(
  build: string,
  stateDir: string,
  settings: Record<string, string>,
  /** A command that runs the one given as its arguments, in circumstances of its own. */
  within: readonly string[] = [],
): Promise<HostProcess> {
  const settingsFile = join(build, "local.settings.json");
  await writeFile(settingsFile, JSON.stringify({ IsEncrypted: false, Values: settings }));
  const flags = [
    "--app",
    join(build, "app"),
    "--state",
    stateDir,
    "--port",
    "0",
    "--settings",
    settingsFile,
    "--child",
  ];
  const command = [process.execPath, join(build, "local/functions-host/main.js"), ...flags];
  const [program = "", ...args] = [...within, ...command];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => void errors.push(line));
  const gone = once(child, "exit");
  const ready = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([ready, gone.then(() => undefined)]);
  if (first === undefined) throw new Error(`The host ended before it was ready:\n${errors.join("\n")}`);
  const { url } = JSON.parse(first[0]) as { url: string };
  return {
    pid: child.pid!,
    webhooks: `${url}/runtime/webhooks/durabletask`,
    child,
    errors,
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
