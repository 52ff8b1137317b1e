/** Which parts of a buffer are worth a Put Page: zeros are what a fresh page blob reads as anyway. */
const GRAIN_BYTES = 4096;
/** A shorter gap of zeros is sent along: one request more costs more (measured: 64 KiB is the knee). */
const WORTH_SPLITTING_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(GRAIN_BYTES);

export interface PageRun {
  readonly from: number;
  readonly to: number;
}

export function pageRuns(bytes: Buffer): PageRun[] {
  const runs: { from: number; to: number }[] = [];
  for (let from = 0; from < bytes.length; from += GRAIN_BYTES) {
    const to = Math.min(from + GRAIN_BYTES, bytes.length);
    if (bytes.compare(ZEROS, 0, to - from, from, to) === 0) continue;
    const last = runs.at(-1);
    if (last && from - last.to < WORTH_SPLITTING_BYTES) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}
