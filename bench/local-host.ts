/**
 * The embedded Functions host on an app of its own: orchestrations of five activities a second, how long one takes,
 * and what ten thousand finished ones cost. The journal is synced to the disk, as it is by default; rates compare
 * between machines by their ratio to the baseline of the same run.
 */
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { realClock } from "../src/local/clock.js";
import { type FunctionsHost, startHost } from "../src/local/functions-host/host.js";

const ACTIVITIES = 5;
const TOTAL_RUNS = 10_000;
const AT_ONCE = 200;
const BASELINE = "write and fdatasync of 4 KiB, awaited";

const app = `
const df = require("durable-functions");
df.app.activity("echo", { handler: (input) => input });
df.app.orchestration("chain", function* (context) {
  let value = 0;
  for (let n = 0; n < ${ACTIVITIES}; n++) value = yield context.df.callActivity("echo", value + 1);
  return value;
});
`;

export async function run(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "functions-host-bench-"));
  try {
    const baseline = await measureSync(join(directory, "baseline"), 200);
    const appDir = await writeApp(directory);
    const start = () =>
      startHost({
        appDir,
        stateDir: join(directory, "state"),
        settings: {},
        clock: realClock,
        log: () => undefined,
      });

    const [host, startMs] = await timed(start);
    for (let n = 0; n < 20; n++) await runOne(host); // The first runs compile.
    const restMiB = residentMiB();
    const early = await measureOneByOne(host, 100);
    const beganMs = performance.now();
    for (let done = 0; done < TOTAL_RUNS; done += AT_ONCE) await runTogether(host, AT_ONCE);
    const perSecond = (TOTAL_RUNS / (performance.now() - beganMs)) * 1000;
    const fullMiB = residentMiB();
    const late = await measureOneByOne(host, 100);
    await host.stop();
    const [again, restartMs] = await timed(start);
    await again.stop();

    console.log(
      `Functions host: orchestrations of ${ACTIVITIES} activities. Baseline: ${BASELINE}, ${Math.round(baseline)} a second.`,
    );
    console.table({
      [`orchestrations a second, ${AT_ONCE} at once`]: `${Math.round(perSecond)} (${(perSecond / baseline).toFixed(2)} × baseline)`,
      "one alone, p50 / p95": `${early.p50.toFixed(1)} / ${early.p95.toFixed(1)} ms`,
      [`one alone after ${TOTAL_RUNS} runs, p50 / p95`]: `${late.p50.toFixed(1)} / ${late.p95.toFixed(1)} ms`,
      "memory at rest": `${restMiB} MiB`,
      [`memory after ${TOTAL_RUNS} runs`]: `${fullMiB} MiB`,
      "start-up": `${Math.round(startMs)} ms`,
      [`start-up with ${TOTAL_RUNS} finished runs`]: `${Math.round(restartMs)} ms`,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeApp(directory: string): Promise<string> {
  const appDir = join(directory, "app");
  await mkdir(appDir);
  await writeFile(join(appDir, "package.json"), '{ "main": "app.cjs" }');
  await writeFile(join(appDir, "host.json"), '{ "version": "2.0" }');
  await writeFile(join(appDir, "app.cjs"), app);
  // The app finds its packages where this project has them.
  const manifest = createRequire(import.meta.url).resolve("durable-functions/package.json");
  await symlink(dirname(dirname(manifest)), join(appDir, "node_modules"), "junction");
  return appDir;
}

async function startRun(host: FunctionsHost): Promise<string> {
  const url = `${host.url}/runtime/webhooks/durabletask/orchestrators/chain`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "1",
  });
  return ((await answer.json()) as { statusQueryGetUri: string }).statusQueryGetUri;
}

async function assertDone(statusUrl: string): Promise<void> {
  const { output } = (await (await fetch(statusUrl)).json()) as { output: unknown };
  if (output !== ACTIVITIES)
    throw new Error(`A run returned ${JSON.stringify(output)} instead of ${ACTIVITIES}.`);
}

async function runOne(host: FunctionsHost): Promise<void> {
  const statusUrl = await startRun(host);
  await host.idle();
  await assertDone(statusUrl);
}

async function runTogether(host: FunctionsHost, count: number): Promise<void> {
  const urls = await Promise.all(Array.from({ length: count }, () => startRun(host)));
  await host.idle();
  for (const url of urls.slice(0, 1)) await assertDone(url);
}

async function measureOneByOne(host: FunctionsHost, count: number): Promise<{ p50: number; p95: number }> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) times.push((await timed(() => runOne(host)))[1]);
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(count * 0.5)]!, p95: times[Math.floor(count * 0.95)]! };
}

async function measureSync(path: string, count: number): Promise<number> {
  const file = await open(path, "w");
  const block = Buffer.alloc(4096, 1);
  const [, ms] = await timed(async () => {
    for (let n = 0; n < count; n++) {
      await file.write(block);
      await file.datasync();
    }
  });
  await file.close();
  return (count / ms) * 1000;
}

async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const beganMs = performance.now();
  return [await act(), performance.now() - beganMs];
}

const residentMiB = () => Math.round(process.memoryUsage().rss / 2 ** 20);
