/**
 * The embedded Functions host as it runs, in a process of its own, on an app of this bench: orchestrations of five
 * activities, and what ten thousand finished ones cost. The journal is synced to the disk, as it is by default.
 */
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../src/local/start/child.js";
import { type Baseline, percentiles, rate, residentMiB, type Row, rowOf, timed } from "./measure.js";

const ACTIVITIES = 5;
const TOTAL_RUNS = 10_000;
const AT_ONCE = 200;

const app = `
const df = require("durable-functions");
df.app.activity("echo", { handler: (input) => input });
df.app.orchestration("chain", function* (context) {
  let value = 0;
  for (let n = 0; n < ${ACTIVITIES}; n++) value = yield context.df.callActivity("echo", value + 1);
  return value;
});
`;

export async function run(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "functions-host-bench-"));
  try {
    const synced: Baseline = {
      name: "write and fdatasync of 4 KiB",
      value: await syncsPerSecond(join(directory, "baseline")),
    };
    const sync = { name: synced.name, value: 1000 / synced.value };
    const appDir = await writeApp(directory);
    const start = () =>
      startChild({
        name: "host",
        script: fileURLToPath(new URL("../src/local/functions-host/main.js", import.meta.url)),
        args: ["--app", appDir, "--state", join(directory, "state"), "--port", "0"],
        onLogLine: () => undefined,
      });

    const [host, startMs] = await timed(start);
    for (let n = 0; n < 20; n++) await runOne(host); // The first runs compile.
    const atRest = residentMiB(host.pid);
    const early = await percentiles(100, () => runOne(host));
    const perSecond = await rate(TOTAL_RUNS, () => runTogether(host));
    const full = residentMiB(host.pid);
    const late = await percentiles(100, () => runOne(host));
    const lists = await percentiles(20, () => ask(`${base(host)}/instances?runtimeStatus=Completed`));
    await host.stop(5000);
    const [again, restartMs] = await timed(start);
    await again.stop(5000);

    const after = `after ${TOTAL_RUNS.toLocaleString("en")} runs`;
    const rest = { name: "at rest", value: atRest };
    const first = { name: "with no run kept", value: startMs };
    return [
      rowOf({
        what: `Host: orchestrations of ${ACTIVITIES} activities`,
        value: perSecond,
        unit: "/s",
        baseline: synced,
      }),
      rowOf({ what: "Host: one orchestration, p50", value: early.p50, unit: "ms", baseline: sync }),
      rowOf({
        what: `Host: one orchestration ${after}, p50`,
        value: late.p50,
        unit: "ms",
        baseline: { name: "before them", value: early.p50 },
      }),
      rowOf({ what: `Host: a page of 100 instances ${after}, p50`, value: lists.p50, unit: "ms" }),
      rowOf({ what: "Host: memory at rest", value: atRest, unit: "MiB" }),
      rowOf({ what: `Host: memory ${after}`, value: full, unit: "MiB", baseline: rest }),
      rowOf({ what: "Host: start-up", value: startMs, unit: "ms" }),
      rowOf({ what: `Host: start-up ${after}`, value: restartMs, unit: "ms", baseline: first }),
    ];
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

const base = ({ ready }: Child) => `${String(ready["url"])}/runtime/webhooks/durabletask`;

async function ask(url: string, init?: RequestInit): Promise<unknown> {
  return (await fetch(url, init)).json();
}

async function startRun(host: Child): Promise<string> {
  const started = await ask(`${base(host)}/orchestrators/chain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "1",
  });
  return (started as { statusQueryGetUri: string }).statusQueryGetUri;
}

async function ended(statusUrl: string): Promise<void> {
  for (;;) {
    const { runtimeStatus, output } = (await ask(statusUrl)) as { runtimeStatus: string; output: unknown };
    if (runtimeStatus === "Completed" && output === ACTIVITIES) return;
    if (!["Pending", "Running"].includes(runtimeStatus))
      throw new Error(`A run ended ${runtimeStatus} with ${JSON.stringify(output)}.`);
  }
}

const runOne = async (host: Child): Promise<void> => ended(await startRun(host));

async function runTogether(host: Child): Promise<void> {
  const unfinished = `${base(host)}/instances?runtimeStatus=Pending,Running&top=1`;
  for (let done = 0; done < TOTAL_RUNS; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => startRun(host)));
    while (((await ask(unfinished)) as unknown[]).length > 0);
  }
}

async function syncsPerSecond(path: string, count = 200): Promise<number> {
  const file = await open(path, "w");
  const block = Buffer.alloc(4096, 1);
  const perSecond = await rate(count, async () => {
    for (let n = 0; n < count; n++) {
      await file.write(block);
      await file.datasync();
    }
  });
  await file.close();
  return perSecond;
}
