/** How a process of the local environment ends: by a signal, or with the one that started it. */

/** Less than the 5 s within which Ctrl-C must have ended everything. */
const LATEST_MS = 4000;

/**
 * `child`: it also ends when standard input does. A closed pipe is the parent's end, even one that was killed and could
 * not say so; whoever starts it by hand or in the background may have no input at all.
 */
export function endInOrder(stop: () => Promise<void>, { child }: { readonly child: boolean }): void {
  let stopping = false;
  const end = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), LATEST_MS).unref();
    stop().then(() => process.exit(0), failed);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  if (child) process.stdin.on("end", end).on("error", end).resume();
}

/** Says why on standard error, and ends the process. */
export function failed(reason: unknown): void {
  process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exit(1);
}
