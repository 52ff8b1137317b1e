/** `npm start`, `npm run local:cloud` and their processes, as built: what they say, and what ends with what. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalSettings } from "../../src/local/cloud/app-settings.js";
import { readConnections } from "../../src/local/cloud/connections.js";
import { definitionId, linuxVm, vmId, windowsDefinition, windowsVm } from "../../src/local/cloud/seed.js";

const appDir = fileURLToPath(new URL("../..", import.meta.url));
const built = (script: string) => join(appDir, "dist/local", script);

let stateDir: string;
const running: ChildProcess[] = [];
/** Each group of tests has one folder, and each test goes on where the one before left the processes: to start is dear. */
function keepsState(): void {
  beforeAll(() => void (stateDir = mkdtempSync(join(tmpdir(), "start-stop-"))));
  afterAll(async () => {
    for (const child of running.splice(0)) child.kill("SIGKILL");
    // What they had started ends by itself, and writes until then.
    await until(() => !["cloud.pid", "host/host.pid"].some(isHeld), 10_000);
    rmSync(stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly output: () => string;
  /** Resolves when the output holds the text; fails with the output when the process ends before. */
  says(text: string): Promise<void>;
}

const start = (...more: readonly string[]): Started =>
  run("start/main.js", "--ports", "free", "--state", stateDir, ...more);

/** Without any input, as in the background or under a service manager. */
function run(script: string, ...args: readonly string[]): Started {
  if (!existsSync(built(script))) throw new Error("Pipeline tests run what is built: npm run build first.");
  const child = spawn(process.execPath, [built(script), ...args], {
    cwd: appDir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    exited,
    output: () => output,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`Ended without saying "${text}":\n${output}`);
        await Promise.race([once(child.stdout, "data"), exited]);
      }
    },
  };
}

const READY = "Ctrl-C stops it";
const hostOf = (started: Started): string => /http:\/\/localhost:\d+/.exec(started.output())?.[0] ?? "no URL";
const pidIn = (lock: string): number =>
  (JSON.parse(readFileSync(join(stateDir, lock), "utf8")) as { pid: number }).pid;
const cloudPid = () => pidIn("cloud.pid");
const isHeld = (lock: string): boolean => {
  try {
    return lives(pidIn(lock));
  } catch {
    return false;
  }
};
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
/** Stands in bodies beside what must not be shown. */
const SHOWN = "shown-in-verbose";
const READ_SAS = "https://account.blob.core.windows.net/c/b?sv=2024-08-04&sp=r&sig=hunter1%3D";

/** One request to the app and one to Compute, with a SAS, a password and a protected parameter in their bodies. */
async function sendSecrets(started: Started, vm: string = windowsVm.name): Promise<void> {
  const { compute, subscriptionId } = readConnections(stateDir);
  const headers = { "content-type": "application/json" };
  const sent = { shown: SHOWN, source: READ_SAS, adminPassword: "hunter2" };
  const answer = await fetch(`${hostOf(started)}/api/captures`, {
    ...{ method: "POST", headers },
    body: JSON.stringify(sent),
  });
  expect(answer.status).toBe(400);
  const command = `${compute.endpoint}${vmId(subscriptionId, vm)}/runCommands/c?api-version=2024-07-01`;
  const put = await fetch(command, {
    ...{ method: "PUT", headers },
    body: JSON.stringify({
      location: "westeurope",
      properties: {
        source: { script: SHOWN },
        outputBlobUri: READ_SAS,
        protectedParameters: [{ name: "password", value: "hunter3" }],
      },
    }),
  });
  expect(put.status).toBe(201);
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/api/runs`).then(
    (response) => response.ok,
    () => false,
  );

async function until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<number> {
  const began = Date.now();
  while (!(await condition())) {
    if (Date.now() - began > withinMs) throw new Error(`Not so within ${withinMs} ms.`);
    await sleep(20);
  }
  return Date.now() - began;
}

describe("npm start", { timeout: 60_000 }, () => {
  keepsState();
  let first: Started;

  it("serves once it says so, and shows only its summary", async () => {
    first = start();
    await first.says(READY);
    expect(first.output(), "the summary comes first").toMatch(/^\s*The local environment runs/);
    const hostLog = () => readFileSync(join(stateDir, "logs/host.log"), "utf8");
    await until(() => hostLog().includes('"event":"host-started"'), 5000);
    expect(await answers(hostOf(first))).toBe(true);
    await sendSecrets(first);
    expect(first.output(), "bodies are for --verbose").not.toContain(SHOWN);
  });

  it("says which process uses the state when it is started twice, and leaves the first alone", async () => {
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`${stateDir} is in use by process ${cloudPid()}`);
    expect(await answers(hostOf(first))).toBe(true);
  });

  it("ends everything by itself at Ctrl-C", async () => {
    const cloud = cloudPid();
    // A connection that nobody closes does not hold the end up.
    const open = connect(Number(new URL(hostOf(first)).port), "127.0.0.1");
    open.on("error", () => undefined);
    await once(open, "connect");
    const askedMs = Date.now();
    first.child.kill("SIGINT");
    // By itself: what has not ended after 5 s is killed, and the code says so.
    expect(await first.exited).toBe(0);
    expect(Date.now() - askedMs).toBeLessThan(5000);
    expect(lives(cloud)).toBe(false);
  });

  it("continues with its state at the next start, at the same addresses; shows bodies of both processes with --verbose, and never a secret", async () => {
    const { storage, serviceBus, compute } = readConnections(stateDir);
    const started = start("--verbose");
    await started.says(READY);
    expect(await answers(hostOf(started))).toBe(true);
    expect(readConnections(stateDir)).toMatchObject({ storage, serviceBus, compute });
    // The first VM's command still runs, as it did before.
    await sendSecrets(started, linuxVm.name);
    for (const process_ of ["host", "cloud"]) {
      const line = new RegExp(`${process_}\\s+debug .*${SHOWN}`);
      await until(() => line.test(started.output()), 10_000);
    }
    started.child.kill("SIGTERM");
    expect(await started.exited).toBe(0);
    const kept = ["cloud.log", "host.log"].map((name) => readFileSync(join(stateDir, "logs", name), "utf8"));
    expect(kept.join("")).toContain(SHOWN);
    const requests = kept.flatMap((text) =>
      text.split("\n").filter((line) => line.includes('"event":"request"')),
    );
    expect(requests.length).toBeGreaterThanOrEqual(2);
    for (const line of requests)
      expect(JSON.parse(line), line).toMatchObject({
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        method: expect.any(String) as string,
        path: expect.stringMatching(/^\//) as string,
        status: expect.any(Number) as number,
        durationMs: expect.any(Number) as number,
      });
    expect(started.output() + kept.join("")).not.toMatch(/hunter\d/);
  });
});

describe("npm start, when a process is killed outright,", { timeout: 60_000 }, () => {
  keepsState();
  let started: Started;
  beforeAll(async () => {
    started = start();
    await started.says(READY);
  });

  it.runIf(process.platform === "linux")("starts a killed host again and says so", async () => {
    const children = readFileSync(`/proc/${started.child.pid}/task/${started.child.pid}/children`, "utf8");
    const host = children
      .trim()
      .split(/\s+/)
      .map(Number)
      .find((pid) => pid !== cloudPid());
    process.kill(host!, "SIGKILL");
    await started.says("Starting it again");
    await until(() => answers(hostOf(started)), 20_000);
  });

  it("leaves no orphan when it is killed itself", async () => {
    const [cloud, host] = [cloudPid(), hostOf(started)];
    started.child.kill("SIGKILL");
    await until(async () => !lives(cloud) && !(await answers(host)), 10_000);
  });
});

describe("npm run local:cloud", { timeout: 120_000 }, () => {
  keepsState();
  it("serves an app that another process loads by the settings it names, until Ctrl-C", async () => {
    const cloud = run("cloud/main.js", "--ports", "free", "--state", stateDir, "--speed", "1000");
    await cloud.says(READY);
    await cloud.says("State ");
    expect(cloud.output(), "the summary comes first").toMatch(/^\s*The local cloud runs/);
    const settings = resolve(appDir, /cp (\S+) local\.settings\.json/.exec(cloud.output())?.[1] ?? "");
    const { Values } = JSON.parse(readFileSync(settings, "utf8")) as LocalSettings;
    for (const name of ["AzureWebJobsStorage", "ServiceBus", "ARM_ENDPOINT"])
      expect(cloud.output()).toContain(`"${name}": ${JSON.stringify(Values[name])}`);

    // In the place of `func start`, on the cloud's clock, so that the run takes seconds.
    const { clockFile, subscriptionId } = readConnections(stateDir);
    const place = ["--app", appDir, "--state", join(stateDir, "host"), "--port", "0"];
    const host = run("functions-host/main.js", ...place, "--settings", settings, "--clock", clockFile);
    await host.says('"ready":true');
    const target = { kind: "gallery", definitionId: definitionId(subscriptionId, windowsDefinition) };
    const started = await fetch(`${hostOf(host)}/api/captures`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sourceVmId: vmId(subscriptionId, windowsVm.name), target }),
    });
    expect(started.status).toBe(202);
    const status = async () =>
      (await (await fetch(started.headers.get("location")!)).json()) as { status: string };
    await until(async () => !["waiting", "running"].includes((await status()).status), 90_000);
    expect(await status()).toMatchObject({ status: "succeeded" });
    for (const process_ of [host, cloud]) {
      process_.child.kill("SIGINT");
      expect(await process_.exited).toBe(0);
    }
  });
});

describe("an option that cannot be read", () => {
  keepsState();
  it.each([
    ["cloud/main.js", "--ports all", "say default or free."],
    ["cloud/main.js", "--speed fast", "give the factor by which time runs faster, such as 1 or 60."],
    ["start/main.js", "--speed 0", "give the factor by which time runs faster, such as 1 or 60."],
  ])("is refused with what it may be: %s %s", async (script, option, advice) => {
    const started = run(script, ...option.split(" "), "--state", stateDir);
    expect(await started.exited).toBe(1);
    expect(started.output()).toBe(`${option}: ${advice}\n`);
  });
});
