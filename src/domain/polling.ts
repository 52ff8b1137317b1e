/**
 * How long to sleep before asking again. Each wait is a tenth of what has passed, so that a run notices the end
 * of an operation within about a tenth of its length, and a ten times longer operation costs some two dozen more
 * questions, not ten times as many.
 */
/** No Azure operation that a run waits for takes less than some tens of seconds. */
const SHORTEST_SECONDS = 5;
const LONGEST_SECONDS = 600;
const SHARE_OF_ELAPSED = 1 / 10;

export function nextPollSeconds(elapsedSeconds: number): number {
  const grown = Math.min(LONGEST_SECONDS, elapsedSeconds * SHARE_OF_ELAPSED);
  return Math.max(SHORTEST_SECONDS, grown);
}
