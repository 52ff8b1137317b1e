/** What a command of `vmimage` is. Each lives in a file of its own and is entered in the table of run-command-line.ts. */

/** Where a command runs. Whatever is optional is for people at a terminal; a script does without. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The environment, of which a command reads VMIMAGE_… alone. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The width of a screen whose lines can be written again; absent where output goes to a file. */
  readonly columns?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  /** What to say when somebody presses Ctrl-C; the last one given is said. */
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

/** The command line is understood and what it asks for cannot be: says what is wrong and what to do. */
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
