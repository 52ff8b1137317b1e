/**
 * Random orchestrations against a model. FUZZ_RUNS sets how many, FUZZ_SEED makes a failure again: program n of a run
 * has the seed FUZZ_SEED + n.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Fixture, startFixture, type Status } from "./fixture.js";
import { expectedResult, random, randomProgram, type Step } from "./programs.js";

const runs = Number(process.env.FUZZ_RUNS ?? 2000);
const firstSeed = Number(process.env.FUZZ_SEED ?? 20_260_101);
/** So many run side by side on one clock. */
const batch = 250;
const traits = { activityMs: 0, longestWaitMs: 500, races: true, longest: 2, depth: 0 };
/** The deadlines of waits for events are further away; whoever is left when only they remain has hung. */
const FAR_MS = 1e9;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fuzz-app", { log: () => undefined });
});
afterAll(() => fixture.stop());

async function list(query: string): Promise<Status[]> {
  const answer = await fetch(`${fixture.webhooks}/instances?showInput=false&top=100000&${query}`);
  return (await answer.json()) as Status[];
}

/** Raises what running instances wait for; they say so in their custom status. Returns how many there were. */
async function raiseWaited(pick: () => number): Promise<number> {
  const waiting = (await list("runtimeStatus=Running")).flatMap(({ instanceId, customStatus }) => {
    const name = (customStatus as { waitsFor?: string | null } | null)?.waitsFor;
    return name === undefined || name === null ? [] : [{ instanceId, name }];
  });
  waiting.sort(() => pick() - 0.5);
  await Promise.all(
    waiting.map(({ instanceId, name }) =>
      fixture.post(`instances/${encodeURIComponent(instanceId)}/raiseEvent/${name}`, `raised:${name}`),
    ),
  );
  return waiting.length;
}

/** Moves time and raises events, in a random mixture, until nothing is left that either could wake. */
async function drive(pick: () => number): Promise<void> {
  for (;;) {
    await fixture.host.idle();
    const { clock } = fixture;
    const dueInMs = (clock.nextDueMs() ?? Infinity) - clock.now();
    if (dueInMs > FAR_MS || pick() < 0.2) {
      const raised = await raiseWaited(pick);
      if (raised === 0 && dueInMs > FAR_MS) return;
    }
    // Jumping past several timers delivers their completions together, in the order in which they fell due.
    else clock.advance(dueInMs + Math.floor(pick() * 400));
  }
}

it(
  `returns what the model says for ${runs} random orchestrations, seeds from ${firstSeed}`,
  async () => {
    console.log(`fuzz: ${runs} programs, FUZZ_SEED=${firstSeed}`);
    for (let from = 0; from < runs; from += batch) {
      const programs = new Map<string, readonly Step[]>();
      for (let n = from; n < Math.min(runs, from + batch); n++) {
        const id = `fuzz-${firstSeed + n}`;
        programs.set(id, randomProgram(random(firstSeed + n), id, traits));
      }
      await Promise.all(
        [...programs].map(([id, steps]) => fixture.start("program", { steps, results: [] }, id)),
      );
      await drive(random(firstSeed + from));
      const ended = new Map(
        (await list("instanceIdPrefix=fuzz-")).map((status) => [status.instanceId, status]),
      );
      for (const [id, steps] of programs) {
        const { runtimeStatus, output } = ended.get(id) ?? {};
        expect({ id, runtimeStatus, output }, JSON.stringify(steps)).toEqual({
          id,
          runtimeStatus: "Completed",
          output: expectedResult(steps),
        });
      }
      await fetch(`${fixture.webhooks}/instances?createdTimeFrom=2000-01-01T00:00:00Z`, { method: "DELETE" });
    }
  },
  30_000 + runs * 60,
);
