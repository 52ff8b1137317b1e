/**
 * `npm run demo`: the main job to its end, on this machine alone. Exit code 0 means that everything was as printed.
 *
 *   --speed FACTOR         how much faster than real time Azure's operations run (default 100)
 *   --kill-host-after N    kill the host N seconds into the first act; it is started again and the runs finish
 *   --data-mib N           how much data the dropped disk holds (default 300)
 *   --keep                 keep the state folder
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LocalSettings } from "../cloud/app-settings.js";
import { setting } from "../cloud/app-settings.js";
import { speedOf } from "../cloud/clock-file.js";
import { settingsFile } from "../cloud/connections.js";
import { startEnvironment } from "../start/environment.js";
import { logView } from "../start/log-view.js";
import { readThroughAVm } from "./act-boot.js";
import { makeImages } from "./act-images.js";
import { refuse } from "./act-refusals.js";
import { computeClient } from "./clients.js";
import { demoDisk } from "./disk/demo-disk.js";
import { fold } from "./fold.js";
import { screenOn } from "./progress.js";
import type { Stage } from "./stage.js";
import { say } from "./stage.js";
import type { Write } from "./writes.js";
import { differingCreates, repeatedCreates } from "./writes.js";

const appDir = fileURLToPath(new URL("../../../", import.meta.url));

const screen = screenOn(process.stdout);

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      speed: { type: "string", default: "100" },
      "kill-host-after": { type: "string" },
      "data-mib": { type: "string", default: "300" },
      keep: { type: "boolean", default: false },
    },
  });
  const began = Date.now();
  const speed = speedOf(flags.speed);
  const stateDir = mkdtempSync(join(tmpdir(), "vmimage-demo-"));
  const logs = logView(join(stateDir, "logs"), { from: "none", print: () => undefined });
  const introduction = [
    "Azure on this machine: storage, Service Bus and Compute, with the app on a local Functions host.",
    `Compute's operations take the time they take in Azure, divided by ${speed}: the seconds at the left pass here, the minutes behind a stage pass there.`,
    `State: ${stateDir}`,
    "",
  ];
  screen.write(introduction.flatMap((line) => fold(line).map((part) => `${part}\n`)).join(""));
  const environment = await startEnvironment({
    ...{ appDir, stateDir, ports: "free", speed, logs, blobPollMs: 500 },
    say: (text) => screen.write(`${text}\n`),
  });
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new Error(`Stopped by ${signal}.`)));
  });
  const died = environment.failed.then((reason) => {
    throw new Error(reason);
  });
  const problems: string[] = [];
  try {
    const settings = JSON.parse(readFileSync(settingsFile(stateDir), "utf8")) as LocalSettings;
    const stage: Stage = {
      environment,
      compute: computeClient(environment.connections),
      disk: demoDisk({ sizeGib: 4, dataMib: Number(flags["data-mib"]) }),
      dropContainer: setting(settings, "DROP_CONTAINER"),
      captureQueue: setting(settings, "CAPTURE_QUEUE"),
      screen,
      problems,
    };
    const killAfter = flags["kill-host-after"];
    await Promise.race([
      play(stage, killAfter === undefined ? undefined : Number(killAfter)),
      interrupted,
      died,
    ]);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  await environment.stop();
  await logs.close();
  return conclude(problems, stateDir, { keep: flags.keep, seconds: (Date.now() - began) / 1000 });
}

async function play(stage: Stage, killHostAfterSeconds: number | undefined): Promise<void> {
  const droppedImageId = await makeImages(stage, killHostAfterSeconds);
  if (droppedImageId !== undefined) await readThroughAVm(stage, droppedImageId);
  say(stage, "", "What cannot become an image:", "");
  await refuse(stage);
  await checkWrites(stage, killHostAfterSeconds !== undefined);
}

async function checkWrites(stage: Stage, killed: boolean): Promise<void> {
  const response = await fetch(`${stage.environment.connections.compute.endpoint}/_local/writes`);
  const { writes } = (await response.json()) as { writes: readonly Write[] };
  stage.problems.push(...differingCreates(writes));
  if (killed && stage.environment.hostRestarts() === 0)
    stage.problems.push("The host was to be killed and started again, but no restart was seen.");
  const creates = writes.filter(({ method }) => method === "PUT").length;
  say(
    stage,
    "",
    `${writes.length} writes to Compute, ${creates} of them creates; ${repeatedCreates(writes)} sent again with the same name and body, none differently.`,
  );
}

function conclude(
  problems: readonly string[],
  stateDir: string,
  { keep, seconds }: { keep: boolean; seconds: number },
): number {
  const took = `${seconds.toFixed(0)} s on ${availableParallelism()} cores`;
  if (problems.length > 0) {
    process.stderr.write(
      `\nTHE DEMO FAILED after ${took}:\n${problems.map((line) => `  ✘ ${line}\n`).join("")}\nLogs: ${join(stateDir, "logs")}\n`,
    );
    return 1;
  }
  screen.write(`\nEverything was as printed. ${took}.\n`);
  if (keep) screen.write(`State kept in ${stateDir}\n`);
  else rmSync(stateDir, { recursive: true, force: true });
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
