/** What a bench of the local environment hands to the table, and how it takes its times. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Something plain, measured in the same run: figures of different machines compare by their ratio to it. */
export interface Baseline {
  readonly name: string;
  readonly value: number;
}

export interface Measure {
  readonly what: string;
  readonly value: number;
  readonly unit: "/s" | "ms" | "MiB";
  readonly baseline?: Baseline;
}

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly "× baseline": string;
  readonly baseline: string;
}

export function rowOf({ what, value, unit, baseline }: Measure): Row {
  const short = (number: number) => (number < 10 ? number.toPrecision(2) : String(Math.round(number)));
  const withUnit = (number: number) => `${short(number)} ${unit}`;
  return {
    what,
    measured: withUnit(value),
    "× baseline": baseline === undefined ? "" : short(value / baseline.value),
    baseline: baseline === undefined ? "" : `${baseline.name}: ${withUnit(baseline.value)}`,
  };
}

export async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const beganMs = performance.now();
  return [await act(), performance.now() - beganMs];
}

/** How many a second, when `act` does `count` of them. */
export async function rate(count: number, act: () => Promise<unknown>): Promise<number> {
  const [, ms] = await timed(act);
  return (count * 1000) / ms;
}

/** Does `act` for each number below `count`, so many at once. */
export async function sideBySide(
  count: number,
  atOnce: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

export async function percentiles(
  count: number,
  act: () => Promise<unknown>,
): Promise<{ p50: number; p95: number }> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) times.push((await timed(act))[1]);
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(count * 0.5)]!, p95: times[Math.floor(count * 0.95)]! };
}

/** The resident memory of a process. */
export function residentMiB(pid: number): number {
  const kib =
    process.platform === "linux"
      ? /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(kib) / 1024;
}
