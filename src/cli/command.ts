/** What a command of `vmimage` is. Each lives in a file of its own and is entered in the table of main.ts. */

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
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
