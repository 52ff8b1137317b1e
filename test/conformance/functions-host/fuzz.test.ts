/**
 * Random orchestrations against a model. FUZZ_RUNS sets how many (thousands in a long run), FUZZ_SEED makes a failure
 * again: program n of a run has the seed FUZZ_SEED + n.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Fixture, startFixture, type Status } from "./fixture.js";
import { expectedResult, random, randomProgram } from "./programs.js";

const runs = Number(process.env.FUZZ_RUNS ?? 150);
const firstSeed = Number(process.env.FUZZ_SEED ?? 20_260_101);
const atOnce = 50;

let fixture: Fixture;
let countsDir: string;
beforeAll(async () => {
  countsDir = await mkdtemp(join(tmpdir(), "fuzz-"));
  fixture = await startFixture("fuzz-app", { settings: { FUZZ_DIR: countsDir } });
});
afterAll(async () => {
  await fixture.stop();
  await rm(countsDir, { recursive: true });
});

/** Raises what running instances wait for; they say so in their custom status. Returns how many there were. */
async function raiseWaited(prefix: string, pick: () => number): Promise<number> {
  const url = `${fixture.webhooks}/instances?runtimeStatus=Running&top=1000`;
  const waiting = ((await (await fetch(url)).json()) as Status[]).flatMap(({ instanceId, customStatus }) => {
    const name = (customStatus as { waitsFor?: string | null } | null)?.waitsFor;
    return name?.startsWith(`event-${prefix}`) === true ? [{ instanceId, name }] : [];
  });
  waiting.sort(() => pick() - 0.5);
  await Promise.all(
    waiting.map(({ instanceId, name }) =>
      fixture.post(`instances/${encodeURIComponent(instanceId)}/raiseEvent/${name}`, `raised:${name}`),
    ),
  );
  return waiting.length;
}

it(
  `returns what the model says for ${runs} random orchestrations, seeds from ${firstSeed}`,
  async () => {
    console.log(`fuzz: ${runs} programs, FUZZ_SEED=${firstSeed}`);
    const traits = { activityMs: 0, longestWaitMs: 500, races: true };
    for (let from = 0; from < runs; from += atOnce) {
      const programs = new Map<string, ReturnType<typeof randomProgram>>();
      for (let n = from; n < Math.min(runs, from + atOnce); n++) {
        const id = `fuzz-${firstSeed + n}`;
        const steps = randomProgram(random(firstSeed + n), id, traits);
        programs.set(id, steps);
        await fixture.start("program", { steps, results: [] }, id);
      }
      const pick = random(firstSeed + from);
      for (let quiet = 0; quiet < 3;) {
        await fixture.host.idle();
        const raised = await raiseWaited("fuzz-", pick);
        const due = fixture.clock.nextDueMs();
        // Deadlines of waits are far away; whoever is left when only they remain has hung.
        const near = due !== undefined && due - fixture.clock.now() < 1e9;
        // Jumping past several timers delivers their completions together, in the order in which they fell due.
        if (raised === 0 && near)
          fixture.clock.advance(due - fixture.clock.now() + Math.floor(pick() * 2000));
        quiet = raised === 0 && !near ? quiet + 1 : 0;
      }
      for (const [id, steps] of programs) {
        const { runtimeStatus, output } = await fixture.status(id);
        expect({ id, runtimeStatus, output }, JSON.stringify(steps)).toEqual({
          id,
          runtimeStatus: "Completed",
          output: expectedResult(steps),
        });
      }
    }
  },
  30_000 + runs * 600,
);
