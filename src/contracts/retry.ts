/** Retry policies as data; orchestrators/durable.ts turns them into the library's own. */
export interface RetryPolicy {
  readonly firstSeconds: number;
  readonly attempts: number;
  readonly backoff: number;
  readonly longestSeconds: number;
}

/** For acts on Azure: some ten minutes of throttling and outage are ridden out. */
export const PATIENT: RetryPolicy = { firstSeconds: 3, attempts: 8, backoff: 2, longestSeconds: 180 };

/** For undoing: what is left behind costs money, so it is tried for about half an hour. */
export const STUBBORN: RetryPolicy = { firstSeconds: 5, attempts: 12, backoff: 2, longestSeconds: 300 };
