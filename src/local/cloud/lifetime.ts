/** How a process of the local environment ends: by a signal, or with the one that started it. */

/** Less than the 5 s within which Ctrl-C must have ended everything. */
const LATEST_MS = 4000;

export function endWithParent(stop: () => Promise<void>): void {
  let stopping = false;
  const end = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), LATEST_MS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  // A closed pipe is the parent's end, also when it was killed and could not say so.
  process.stdin.on("end", end).on("error", end).resume();
}
