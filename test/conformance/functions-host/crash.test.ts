/**
 * A host that is killed again and again loses nothing, hangs nowhere, and repeats only what was in flight.
 * CRASH_KILLS and CRASH_PROGRAMS make a long run, CRASH_SEED repeats one (the moments of the kills remain the machine's).
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Status } from "./fixture.js";
import { type HostProcess, spawnHost } from "./host-process.js";
import { expectedResult, random, randomProgram } from "./programs.js";

const kills = Number(process.env.CRASH_KILLS ?? 3);
const count = Number(process.env.CRASH_PROGRAMS ?? 20);
const seed = Number(process.env.CRASH_SEED ?? 20_260_101);
/** How long before a kill an activity may have ended without its end being safe: one group commit, on a busy machine. */
const COMMIT_MS = 500;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "crash-"));
  await mkdir(join(root, "counts"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const json = { "content-type": "application/json" };

async function statusOf(host: HostProcess, id: string): Promise<Status | undefined> {
  const answer = await fetch(`${host.webhooks}/instances/${id}`);
  return answer.status === 404 ? undefined : ((await answer.json()) as Status);
}

async function raiseWaited(host: HostProcess): Promise<void> {
  const answer = await fetch(`${host.webhooks}/instances?runtimeStatus=Running&top=1000`);
  for (const { instanceId, customStatus } of (await answer.json()) as Status[]) {
    const name = (customStatus as { waitsFor?: string | null } | null)?.waitsFor;
    if (name === undefined || name === null) continue;
    const url = `${host.webhooks}/instances/${encodeURIComponent(instanceId)}/raiseEvent/${name}`;
    await fetch(url, { method: "POST", headers: json, body: JSON.stringify(`raised:${name}`) });
  }
}

describe("a host that is killed", () => {
  it(
    `finishes ${count} random orchestrations over ${kills} kills, seed ${seed}`,
    async () => {
      console.log(`crash fuzz: ${kills} kills, CRASH_SEED=${seed}`);
      const next = random(seed);
      const traits = { activityMs: 40, longestWaitMs: 150, races: false, longest: 7, depth: 2 };
      const programs = new Map(
        Array.from({ length: count }, (_, n) => {
          const id = `crash-${seed}-${n}`;
          return [id, randomProgram(next, id, traits)] as const;
        }),
      );
      const countsDir = join(root, "counts");
      const start = () => spawnHost("fuzz-app", join(root, "state"), { env: { FUZZ_DIR: countsDir } });
      const killedAt = new Map<number, number>();
      const waitingToStart = [...programs.keys()];

      const drive = async (host: HostProcess, untilMs: number): Promise<boolean> => {
        while (Date.now() < untilMs) {
          for (const id of waitingToStart.slice(0, 5)) {
            if ((await statusOf(host, id)) === undefined) {
              const body = JSON.stringify({ steps: programs.get(id), results: [] });
              const answer = await fetch(`${host.webhooks}/orchestrators/program/${id}`, {
                method: "POST",
                headers: json,
                body,
              });
              expect(answer.status).toBe(202);
            }
            waitingToStart.shift(); // Only an acknowledged start leaves the line.
          }
          await raiseWaited(host);
          const statuses = await Promise.all([...programs.keys()].map((id) => statusOf(host, id)));
          if (statuses.every((status) => status?.runtimeStatus === "Completed")) return true;
          const failed = statuses.find((status) => status?.runtimeStatus === "Failed");
          expect(failed, host.errors.filter((line) => line.includes('"error"')).join("\n")).toBeUndefined();
          await delay(20);
        }
        return false;
      };

      let host = await start();
      for (let kill = 0; kill < kills; kill++) {
        const driving = drive(host, Infinity).catch((error: unknown) => {
          // What the kill interrupts is a refused or reset connection; anything else is a finding.
          if (!(error instanceof TypeError)) throw error;
        });
        await delay(50 + Math.floor(next() * 500));
        killedAt.set(host.pid, Date.now());
        await host.kill();
        await driving;
        host = await start();
      }
      const all = await drive(host, Date.now() + 20_000 + count * 200);
      const statuses = await Promise.all([...programs.keys()].map((id) => statusOf(host, id)));
      await host.kill();
      for (const [index, [id, steps]] of [...programs].entries()) {
        const { runtimeStatus, output } = statuses[index] ?? {};
        expect({ id, runtimeStatus, output }).toEqual({
          id,
          runtimeStatus: "Completed",
          output: expectedResult(steps),
        });
      }
      expect(all).toBe(true);
      expect(unexcused(await readFile(join(countsDir, "trace.log"), "utf8"), killedAt)).toEqual([]);
    },
    60_000 + kills * 3000 + count * 300,
  );
});

/** Executions that were repeated although they had ended well before the kill, or twice in one process. */
function unexcused(trace: string, killedAt: ReadonlyMap<number, number>): string[] {
  const runs = new Map<string, { pid: number; endMs?: number }[]>();
  for (const line of trace.trimEnd().split("\n")) {
    const [what, key = "", pid, atMs] = line.split(" ");
    const ofKey = runs.get(key) ?? [];
    runs.set(key, ofKey);
    if (what === "begin") ofKey.push({ pid: Number(pid) });
    else Object.assign(ofKey.at(-1)!, { endMs: Number(atMs) });
  }
  return [...runs].flatMap(([key, ofKey]) => {
    const repeated = ofKey.slice(0, -1);
    const twice = new Set(ofKey.map(({ pid }) => pid)).size < ofKey.length;
    const late = repeated.some(({ pid, endMs = Infinity }) => endMs < (killedAt.get(pid) ?? 0) - COMMIT_MS);
    return twice || late ? [`${key}: ${JSON.stringify(ofKey)}`] : [];
  });
}
