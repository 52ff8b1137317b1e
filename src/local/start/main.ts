/** `npm start`: the local cloud and the app on the local host, until Ctrl-C. State is kept between starts. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LocalSettings } from "../cloud/app-settings.js";
import { speedOf } from "../cloud/clock-file.js";
import { settingsFile } from "../cloud/connections.js";
import { definitionId, vmId, windowsDefinition, windowsVm } from "../cloud/seed.js";
import { startEnvironment } from "./environment.js";
import { logView } from "./log-view.js";
import { summary } from "./summary.js";

const usage = `npm start -- [--ports default|free] [--state DIR] [--speed FACTOR] [--seed FILE] [--entities FILE] [--record FILE] [--verbose]`;

const appDir = fileURLToPath(new URL("../../../", import.meta.url));

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      ports: { type: "string", default: "default" },
      state: { type: "string", default: join(appDir, ".local") },
      speed: { type: "string" },
      seed: { type: "string" },
      entities: { type: "string" },
      record: { type: "string" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (flags.ports !== "default" && flags.ports !== "free")
    throw new Error(`--ports ${flags.ports}: say default or free.`);
  const stateDir = resolve(flags.state);
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  const logs = logView(join(stateDir, "logs"), { from: flags.verbose ? "debug" : "warn", print: say });
  const asked = new Promise<string>((resolve_) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => resolve_(signal));
  });
  const environment = await startEnvironment({
    appDir,
    stateDir,
    ports: flags.ports,
    ...(flags.speed === undefined ? {} : { speed: speedOf(flags.speed) }),
    ...(flags.seed === undefined ? {} : { seedFile: resolve(flags.seed) }),
    ...(flags.entities === undefined ? {} : { entitiesFile: resolve(flags.entities) }),
    ...(flags.record === undefined ? {} : { recordFile: resolve(flags.record) }),
    verbose: flags.verbose,
    logs,
    say,
  });
  const { subscriptionId } = environment.connections;
  const settings = JSON.parse(readFileSync(settingsFile(stateDir), "utf8")) as LocalSettings;
  say(
    `\n${summary({
      connections: environment.connections,
      hostUrl: environment.hostUrl,
      stateDir,
      settingsFile: settingsFile(stateDir),
      dropContainer: settings.Values["DROP_CONTAINER"] ?? "drop",
      captureQueue: settings.Values["CAPTURE_QUEUE"] ?? "capture-requests",
      vmId: vmId(subscriptionId, windowsVm.name),
      definitionId: definitionId(subscriptionId, windowsDefinition),
    })}`,
  );
  // What the start itself logs is in the summary.
  if (!flags.verbose) logs.showFrom("info");
  const failure = await Promise.race([asked.then(() => undefined), environment.failed]);
  say(failure === undefined ? "\nStopping…" : `\n${failure}`);
  await environment.stop();
  await logs.close();
  return failure === undefined ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
