/** Moments as they are written down: ISO 8601 in UTC, from milliseconds since the Unix epoch. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

export const DAY_MS = 86_400_000;
