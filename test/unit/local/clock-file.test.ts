import { mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClockState } from "../../../src/local/clock.js";
import { continued, openClockFile } from "../../../src/local/cloud/clock-file.js";

const HOUR_MS = 3_600_000;
const showsAt = (state: ClockState, realMs: number) =>
  state.clockEpochMs + (realMs - state.realEpochMs) * state.factor;

describe("the shared clock over restarts", () => {
  it("begins at the machine's time", () => {
    expect(continued(undefined, 60, 1000)).toEqual({ factor: 60, realEpochMs: 1000, clockEpochMs: 1000 });
  });

  it("goes on unchanged after a short pause, for a host may have lived on with it", () => {
    const state = { factor: 60, realEpochMs: 0, clockEpochMs: 0 };
    expect(continued({ state, lastAliveMs: 50_000 }, 60, 55_000)).toBe(state);
  });

  it("leaves a long pause out", () => {
    const state = { factor: 100, realEpochMs: 0, clockEpochMs: 0 };
    const next = continued({ state, lastAliveMs: HOUR_MS }, 100, 20 * HOUR_MS);
    expect(next.clockEpochMs).toBe((HOUR_MS + 1000) * 100);
  });

  it("keeps its former speed when none is asked for", () => {
    const state = { factor: 7, realEpochMs: 0, clockEpochMs: 0 };
    expect(continued({ state, lastAliveMs: 0 }, undefined, HOUR_MS).factor).toBe(7);
  });

  it("never goes back, whatever the speeds and pauses, and never falls behind the machine", () => {
    const restart = fc.record({
      factor: fc.constantFrom(0.5, 1, 60, 500, undefined),
      aliveMs: fc.integer({ min: 0, max: 10 * HOUR_MS }),
      touchedBeforeEndMs: fc.integer({ min: 0, max: 1000 }),
      pauseMs: fc.integer({ min: 0, max: 30 * HOUR_MS }),
    });
    fc.assert(
      fc.property(fc.array(restart, { minLength: 1, maxLength: 8 }), (restarts) => {
        let realMs = 1_700_000_000_000;
        let state = continued(undefined, 1, realMs);
        for (const { factor, aliveMs, touchedBeforeEndMs, pauseMs } of restarts) {
          realMs += aliveMs;
          const shown = showsAt(state, realMs);
          const lastAliveMs = Math.max(state.realEpochMs, realMs - touchedBeforeEndMs);
          realMs += pauseMs;
          state = continued({ state, lastAliveMs }, factor, realMs);
          expect(showsAt(state, realMs)).toBeGreaterThanOrEqual(shown);
          // A slow clock may fall behind while it runs; no start lets it begin there.
          if (state.realEpochMs === realMs) expect(showsAt(state, realMs)).toBeGreaterThanOrEqual(realMs);
        }
      }),
    );
  });
});

describe("the clock file", () => {
  let directory: string;
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "clock-file-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("is the same clock for whoever reads it", () => {
    const path = join(directory, "clock.json");
    const file = openClockFile(path, 1000);
    file.close();
    const read = JSON.parse(readFileSync(path, "utf8")) as ClockState;
    expect(Math.abs(showsAt(read, Date.now()) - file.clock.now())).toBeLessThan(1000 * 100);
  });

  it("is read again after days as if none had passed", () => {
    const path = join(directory, "clock.json");
    const first = openClockFile(path, 1000);
    first.close();
    const shown = first.clock.now();
    const daysAgo = new Date(Date.now() - 10 * 24 * HOUR_MS);
    utimesSync(path, daysAgo, daysAgo);
    const second = openClockFile(path, undefined);
    second.close();
    expect(second.factor).toBe(1000);
    expect(second.clock.now() - shown).toBeLessThan(24 * HOUR_MS);
  });
});
