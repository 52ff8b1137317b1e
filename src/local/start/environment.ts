/**
 * The whole local environment as child processes: the cloud, and the host with the built app. A host that dies is
 * started again, for its runs go on from its journal; a cloud that dies ends the environment.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readConnections, settingsFile } from "../cloud/connections.js";
import type { Connections } from "../cloud/connections.js";
import { DEFAULT_HOST_PORT, DEFAULT_PORTS, assertPortsFree } from "../cloud/ports.js";
import type { Child } from "./child.js";
import { startChild } from "./child.js";
import type { LogView } from "./log-view.js";

export interface EnvironmentOptions {
  /** The folder with host.json and package.json. */
  readonly appDir: string;
  readonly stateDir: string;
  readonly ports: "default" | "free";
  readonly speed?: number;
  readonly seedFile?: string;
  readonly entitiesFile?: string;
  readonly recordFile?: string;
  readonly verbose?: boolean;
  /** How often the host looks for dropped files. */
  readonly blobPollMs?: number;
  readonly logs: LogView;
  /** For what a person should know: that the host died and was started again. */
  readonly say: (text: string) => void;
}

export interface Environment {
  readonly connections: Connections;
  readonly hostUrl: string;
  readonly cloudPid: number;
  readonly hostPid: () => number;
  readonly hostRestarts: () => number;
  /** As `kill -9` of the host alone; it is started again. */
  killHost(): void;
  /** Why the environment ended without being asked to; never resolves otherwise. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

/** A host that dies so often within so short a time will not get better by starting it. */
const MAX_DEATHS = 3;
const DEATHS_WITHIN_MS = 30_000;

/** Ctrl-C must have ended everything within 5 s. Both survive being killed: these are for finishing what runs. */
const HOST_STOP_MS = 2800;
const CLOUD_STOP_MS = 1800;

const script = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { appDir, ports, logs, say } = options;
  const stateDir = resolve(options.stateDir);
  const verbose = options.verbose === true ? ["--verbose"] : [];
  if (ports === "default") await assertPortsFree({ host: DEFAULT_HOST_PORT, ...DEFAULT_PORTS });
  const cloud = await startChild({
    name: "cloud",
    script: script("cloud/main.js"),
    args: [
      ...["--app", appDir, "--state", stateDir, "--ports", ports],
      ...flag("--speed", options.speed),
      ...flag("--seed", options.seedFile),
      ...flag("--entities", options.entitiesFile),
      ...flag("--record", options.recordFile),
      ...verbose,
    ],
    onLogLine: logs.from("cloud"),
  });
  const connections = readConnections(stateDir);
  const onHostLine = logs.from("host");
  const startHost = (port: number): Promise<Child> =>
    startChild({
      name: "host",
      script: script("functions-host/main.js"),
      args: [
        ...["--app", appDir, "--state", resolve(stateDir, "host"), "--port", String(port)],
        ...["--settings", settingsFile(stateDir), "--clock", connections.clockFile],
        ...flag("--blob-poll-ms", options.blobPollMs),
        ...verbose,
      ],
      onLogLine: onHostLine,
    });

  let host: KeptHost;
  try {
    host = await keepHost(startHost, ports === "default" ? DEFAULT_HOST_PORT : 0, say);
  } catch (error) {
    await cloud.stop(CLOUD_STOP_MS);
    throw error;
  }
  let stopping = false;
  const failed = new Promise<string>((fail) => {
    void cloud.ended.then((how) => {
      if (!stopping) fail(`The cloud ${how}. What it acknowledged is kept in ${stateDir}.`);
    });
    void host.ended.then((reason) => {
      if (reason !== undefined) fail(reason);
    });
  });

  return {
    connections,
    hostUrl: host.url,
    cloudPid: cloud.pid,
    hostPid: host.pid,
    hostRestarts: host.restarts,
    killHost: host.kill,
    failed,
    async stop() {
      stopping = true;
      await host.stop();
      await Promise.all([cloud.stop(CLOUD_STOP_MS), host.ended]);
    },
  };
}

interface KeptHost {
  readonly url: string;
  readonly pid: () => number;
  readonly restarts: () => number;
  readonly kill: () => void;
  /** Why it is not started any more; undefined when it was stopped. */
  readonly ended: Promise<string | undefined>;
  readonly stop: () => Promise<void>;
}

/** Starts a host, and starts it again, on the same port, whenever it dies. */
async function keepHost(
  start: (port: number) => Promise<Child>,
  port: number,
  say: (text: string) => void,
): Promise<KeptHost> {
  let host = await start(port);
  const url = String(host.ready["url"]);
  let stopping = false;
  const isStopping = () => stopping;
  let restarts = 0;

  const watch = async (): Promise<string | undefined> => {
    const deaths: number[] = [];
    for (;;) {
      const how = await host.ended;
      if (isStopping()) return undefined;
      deaths.push(Date.now());
      const recent = deaths.filter((at) => Date.now() - at < DEATHS_WITHIN_MS).length;
      if (recent > MAX_DEATHS) return `The host ${how}, for the ${recent}th time in half a minute.`;
      say(`The host ${how}. Starting it again; its runs go on from where they were.`);
      try {
        host = await start(Number(new URL(url).port));
      } catch (error) {
        return (error as Error).message;
      }
      restarts += 1;
      if (isStopping()) await host.stop(HOST_STOP_MS);
    }
  };
  return {
    url,
    pid: () => host.pid,
    restarts: () => restarts,
    kill: () => host.kill(),
    ended: watch(),
    async stop() {
      stopping = true;
      await host.stop(HOST_STOP_MS);
    },
  };
}

const flag = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)];
