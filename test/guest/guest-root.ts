/**
 * A throw-away Linux root made of real files, in which the guest scripts run for real. The scripts find every path
 * through ROOT and every command through PATH; this PATH has the machine's plain file tools and recording stand-ins
 * for all that would act on a system, so nothing here can reach the machine it runs on.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { lstatSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { guestScript } from "../../src/source-file.js";
import { standIns } from "./stand-ins.js";

/** Path → content, or where a link leads to. */
export type Files = Readonly<Record<string, string | { readonly to: string }>>;

export interface GuestRoot {
  readonly path: string;
  run(
    script: "preflight" | "seal" | "seal-log" | "audit",
    parameters?: Readonly<Record<string, string>>,
  ): Promise<{ stdout: string; stderr: string; result: Record<string, unknown> }>;
  /** Every file outside /run and /proc: its text, or "-> target". */
  files(): Record<string, string>;
  /** All that the stand-ins were called with, in order. */
  calls(): string[];
  /** Replaces or adds a command. */
  command(name: string, body: string): void;
  withoutCommand(name: string): void;
  /** What a restart does to a root: /run is gone. */
  restart(): void;
  remove(): void;
}

/** Plain file tools; none of them acts on anything but the paths it is given. */
const plainTools =
  "awk cat chmod cp cut du env find grep head ln mkdir readlink rm sed sh sort stat tail timeout tr ls".split(
    " ",
  );

export function makeGuestRoot(files: Files, commands: readonly string[]): GuestRoot {
  const base = mkdtempSync(join(tmpdir(), "vmimage-guest-"));
  const path = join(base, "root");
  const bin = join(base, "bin");
  const calls = join(base, "calls.log");
  mkdirSync(bin);
  writeFileSync(calls, "");
  for (const directory of ["run/systemd/system", "var/log", "tmp", "var/tmp", "home"])
    mkdirSync(join(path, directory), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === "string") writeFileSync(file, content);
    else symlinkSync(content.to, file);
  }
  for (const tool of plainTools) symlinkSync(which(tool), join(bin, tool));

  const command = (name: string, body: string) => {
    // A stand-in also tells when a signature reaches it through the environment.
    const script = `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$CALLS"\ncase "$(export -p)" in *sig=*) echo "LEAK ${name}" >>"$CALLS" ;; esac\n${body}\n`;
    rmSync(join(bin, name), { force: true });
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  };
  for (const name of commands) command(name, standIns[name] ?? "");

  return {
    path,
    command,
    withoutCommand: (name) => rmSync(join(bin, name), { force: true }),
    restart: () => rmSync(join(path, "run/vmimage-seal"), { recursive: true, force: true }),
    remove: () => rmSync(base, { recursive: true, force: true }),
    calls: () => readFileSync(calls, "utf8").split("\n").filter(Boolean),
    files: () => walk(path),
    async run(script, parameters = {}) {
      const file = join(base, `${script}.sh`);
      writeFileSync(file, guestScript("linux", `${script}.sh`));
      const environment = { ...parameters, ROOT: path, PATH: bin, CALLS: calls, NODE: process.execPath };
      const { stdout, stderr } = await promisify(execFile)(join(bin, "sh"), [file], { env: environment });
      const last = stdout.trimEnd().split("\n").at(-1) ?? "";
      return { stdout, stderr, result: JSON.parse(last) as Record<string, unknown> };
    },
  };
}

/** What changed between two states of a root; files that did not are left out. */
export function changes(
  before: Record<string, string>,
  after: Record<string, string>,
): Record<string, string> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.fromEntries(
    names
      .filter((name) => before[name] !== after[name])
      .map((name) => [name, after[name] === undefined ? "gone" : after[name] === "" ? "empty" : after[name]]),
  );
}

export function which(name: string): string {
  const folders = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`${name} is needed to run the guest scripts and is not on PATH.`);
  return found;
}

function walk(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const key = relative(root, file);
      if (key === "run" || key === "proc") continue;
      const kind = lstatSync(file);
      if (kind.isSymbolicLink()) found[key] = `-> ${readlinkSync(file)}`;
      else if (kind.isDirectory()) visit(file);
      else found[key] = readFileSync(file, "latin1");
    }
  };
  visit(root);
  return found;
}
