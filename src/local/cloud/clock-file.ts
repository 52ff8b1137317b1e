/**
 * The clock that cloud and host share, kept in the state folder. Its file is touched while the cloud lives, so the
 * time stamp says when it last did: a pause is left out of the clock's time, and that time never goes back.
 */
import { readFileSync, statSync, utimesSync } from "node:fs";
import type { Clock, ClockState } from "../clock.js";
import { scaledClock } from "../clock.js";
import { replaceFile } from "../state-file.js";

const TOUCH_MS = 1000;
/** A cloud that comes back this soon finds a host that lived on with the old clock: it must be the same one. */
const SHORT_PAUSE_MS = 10_000;

export interface ClockFile {
  readonly clock: Clock;
  readonly factor: number;
  /** Ends the touching; the file stays for the next start. */
  close(): void;
}

export function openClockFile(path: string, factor: number | undefined, nowMs = Date.now()): ClockFile {
  const state = continued(readClockFile(path), factor, nowMs);
  replaceFile(path, `${JSON.stringify(state)}\n`);
  const touch = () => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // The folder was removed under a running cloud: nothing is left to continue from.
    }
  };
  const timer = setInterval(touch, TOUCH_MS);
  timer.unref();
  return {
    clock: scaledClock(state),
    factor: state.factor,
    close() {
      clearInterval(timer);
      touch();
    },
  };
}

/** What `--speed` says. */
export function speedOf(text: string): number {
  const factor = Number(text);
  if (factor > 0 && Number.isFinite(factor)) return factor;
  throw new Error(`--speed ${text}: give the factor by which time runs faster, such as 1 or 60.`);
}

export interface FormerClock {
  readonly state: ClockState;
  readonly lastAliveMs: number;
}

function readClockFile(path: string): FormerClock | undefined {
  try {
    const state = JSON.parse(readFileSync(path, "utf8")) as ClockState;
    return { state, lastAliveMs: statSync(path).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`${path} is not a clock file. Remove the state folder to begin anew.`, { cause: error });
  }
}

export function continued(
  former: FormerClock | undefined,
  wantedFactor: number | undefined,
  nowMs: number,
): ClockState {
  const factor = wantedFactor ?? former?.state.factor ?? 1;
  if (former === undefined) return { factor, realEpochMs: nowMs, clockEpochMs: nowMs };
  const { state, lastAliveMs } = former;
  if (state.factor === factor && nowMs - lastAliveMs < SHORT_PAUSE_MS) return state;
  // A killed cloud may have lived until just before its next touch.
  const stoppedMs = Math.min(nowMs, lastAliveMs + TOUCH_MS);
  const shownMs = state.clockEpochMs + (stoppedMs - state.realEpochMs) * state.factor;
  // Never behind the machine: SAS tokens and Azurite's time stamps are in real time.
  return { factor, realEpochMs: nowMs, clockEpochMs: Math.max(shownMs, nowMs) };
}
