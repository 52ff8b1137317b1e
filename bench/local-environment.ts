/** What `npm start` costs before anything happens: the time until the app answers, and the memory of its processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEnvironment } from "../src/local/start/environment.js";
import { logView } from "../src/local/start/log-view.js";
import { type Measure, residentMiB, type Row, rowOf, timed } from "./measure.js";

export async function run(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "environment-bench-"));
  const stateDir = join(directory, "state");
  const logs = logView(join(stateDir, "logs"), { from: "none", print: () => undefined });
  try {
    const [node, nodeMs] = await timed(startEmptyNode);
    const nodeMiB = residentMiB(node.pid!);
    node.kill();
    const start = () =>
      startEnvironment({ appDir: process.cwd(), stateDir, ports: "free", logs, say: console.error });
    const [environment, startMs] = await timed(start);
    const [cloudMiB, hostMiB] = [environment.cloudPid, environment.hostPid()].map(residentMiB);
    const [, stopMs] = await timed(() => environment.stop());
    const [again, restartMs] = await timed(start);
    await again.stop();
    const plain = (value: number) => ({ name: "an empty Node process", value });
    const measures: readonly Measure[] = [
      { what: "npm start: until the app answers", value: startMs, unit: "ms", baseline: plain(nodeMs) },
      { what: "npm start: the second time", value: restartMs, unit: "ms", baseline: plain(nodeMs) },
      { what: "npm start: until all has stopped", value: stopMs, unit: "ms" },
      { what: "Cloud: memory at rest", value: cloudMiB!, unit: "MiB", baseline: plain(nodeMiB) },
      {
        what: "Host with the app: memory at rest",
        value: hostMiB!,
        unit: "MiB",
        baseline: plain(nodeMiB),
      },
    ];
    return measures.map(rowOf);
  } finally {
    await logs.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** It answers once it runs. */
async function startEmptyNode() {
  const child = spawn(process.execPath, ["-e", "console.log(); setInterval(() => {}, 1e6)"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}
