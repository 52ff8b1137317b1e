/** The table of commands, and what they have in common: help, usage errors, and how anything else that breaks is said. */
import { UsageError, type Command, type Terminal } from "./command.js";
import { inspect } from "./commands/inspect.js";

const COMMANDS: readonly Command[] = [inspect];

/** The command line was wrong, or the command broke: 64 is EX_USAGE of sysexits.h, clear of the codes of verdicts. */
const EXIT_USAGE = 64;
const EXIT_BROKEN = 70;

export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === "--help" || name === "-h") {
    terminal.out(overview());
    return name === undefined ? EXIT_USAGE : 0;
  }
  const command = COMMANDS.find((known) => known.name === name);
  if (!command) {
    terminal.err(`There is no command "${name}".\n\n${overview()}`);
    return EXIT_USAGE;
  }
  if (args.includes("--help") || args.includes("-h")) {
    terminal.out(command.usage);
    return 0;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof UsageError || isParseArgsError(error)) {
      terminal.err(`${message}\n\n${command.usage}`);
      return EXIT_USAGE;
    }
    terminal.err(`vmimage ${name}: ${message}\n`);
    return EXIT_BROKEN;
  }
}

const isParseArgsError = (error: unknown): boolean =>
  error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: vmimage COMMAND …\n\n${lines.join("\n")}\n\nvmimage COMMAND --help says more.\n`;
}
