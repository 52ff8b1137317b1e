/** What a command of `vmimage` is. Each is in its own file and listed in the table of run-command-line.ts. */

/** Where a command runs. The optional members are for interactive terminals; scripts do without. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The environment, of which a command reads VMIMAGE_… alone. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The width of a screen whose lines can be written again; absent where output goes to a file. */
  readonly columns?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  /** What to print on Ctrl-C; the last registration wins. */
  readonly onInterrupt?: (say: () => void) => void;
}

export interface Command {
  readonly name: string;
  /** One line of the list that `vmimage --help` prints. */
  readonly summary: string;
  /** What `vmimage NAME --help` prints. */
  readonly usage: string;
  /** Returns the exit code. A UsageError is answered with the usage. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command line cannot be understood; says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command line is valid, but the command cannot be carried out: says what is wrong and what to do. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  constructor(
    readonly exitCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
