/** The table of commands, and what they have in common: help, usage errors, and how any other error is reported. */
import { readFileSync } from "node:fs";
import { CommandFailed, UsageError, type Command, type Terminal } from "./command.js";
import { cancel } from "./commands/cancel.js";
import { capture } from "./commands/capture.js";
import { drop } from "./commands/drop.js";
import { restore, resume } from "./commands/go-on-from.js";
import { inspect } from "./commands/inspect.js";
import { runs } from "./commands/runs.js";
import { watch } from "./commands/watch.js";
import { EXIT } from "./exit-codes.js";

const COMMANDS: readonly Command[] = [capture, inspect, drop, watch, runs, cancel, restore, resume];

export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined) {
    terminal.err(overview());
    return EXIT.usage;
  }
  if (/^(help|--help|-h)$/.test(name)) {
    terminal.out(COMMANDS.find((known) => known.name === args[0])?.usage ?? overview());
    return EXIT.ok;
  }
  if (name === "--version") {
    terminal.out(`${version()}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.find((known) => known.name === name);
  if (!command) {
    terminal.err(`Unknown command "${name}".\n\n${overview()}`);
    return EXIT.usage;
  }
  if (args.includes("--help") || args.includes("-h")) {
    terminal.out(command.usage);
    return EXIT.ok;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof UsageError || isParseArgsError(error)) {
      terminal.err(`vmimage ${name}: ${message}\n\n${synopsis(command)}\nSee vmimage ${name} --help.\n`);
      return EXIT.usage;
    }
    terminal.err(`vmimage ${name}: ${message}\n`);
    return error instanceof CommandFailed ? error.exitCode : EXIT.broken;
  }
}

const isParseArgsError = (error: unknown): boolean =>
  error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

/** The first lines of the usage; all of it would push the error off the screen. */
const synopsis = ({ usage }: Command): string => `${usage.slice(0, usage.indexOf("\n\n"))}\n`;

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: vmimage COMMAND …\n\n${lines.join("\n")}\n\nRun vmimage COMMAND --help for details. Set the app's address with --url or VMIMAGE_URL (default: http://localhost:7071).\n`;
}
