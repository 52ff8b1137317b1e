/**
 * The embedded Functions host: loads an app that knows nothing of it, and gives it what Azure would.
 *
 *   core/      the worker protocol in-process: registration, invocation, typed data
 *   http/      routes, keys, conversion
 *   durable/   orchestrations over an append-only journal, management API, the durable client's address
 *   triggers/  timer, blob, Service Bus
 */
import { availableParallelism } from "node:os";
import type { Clock } from "../clock.js";
import { lockStateSoon } from "../state-lock.js";
import { loadApp } from "./core/app-loader.js";
import { createInvoker } from "./core/invoker.js";
import { asJson } from "./core/typed-data.js";
import { clientCalls } from "./durable/client-calls.js";
import { createEngine } from "./durable/engine.js";
import { openInstances } from "./durable/instances.js";
import { durableClientPayload } from "./durable/links.js";
import { createManagement } from "./durable/management.js";
import { sortByTrigger } from "./functions-by-trigger.js";
import { readOrMakeKeys } from "./http/keys.js";
import { type Handler, httpFunctions, listen, privateHandler, publicHandler } from "./http/server.js";
import { type LogLine, logTo } from "./log.js";
import { appSettings, readHostJson } from "./settings.js";
import { startTriggers } from "./triggers/start-triggers.js";
import { workTracker } from "./work-tracker.js";

export interface HostOptions {
  readonly appDir: string;
  readonly stateDir: string;
  /** App settings; they are in process.env before the app is loaded. */
  readonly settings: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly port?: number;
  readonly log: (line: LogLine) => void;
  /** Logs the bodies of requests and answers at debug level, secrets masked. */
  readonly verbose?: boolean;
  readonly enforceKeys?: boolean;
  readonly blobPollMs?: number;
  /** Off, a power failure may lose the last turns; a killed process never does. */
  readonly fsync?: boolean;
}

export interface FunctionsHost {
  readonly url: string;
  readonly port: number;
  /** Resolves when nothing runs or is ready to run. Timers that are set do not count. */
  idle(): Promise<void>;
  busy(): boolean;
  /** Resolves with the reason when the state cannot be written any more; never otherwise. Only a new host can go on. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Messages first, then activities, get this long to end by themselves; the whole of `stop` stays below 2.5 s. */
const GRACE_MS = 1000;
const RPC_BASE = "/durabletask/";

export async function startHost(options: HostOptions): Promise<FunctionsHost> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    return await compose(options, undo);
  } catch (error) {
    for (const act of undo.reverse()) await act();
    throw error;
  }
}

/** Registers in `undo` how each thing that it opened is closed when a later one fails. */
async function compose(options: HostOptions, undo: (() => void | Promise<void>)[]): Promise<FunctionsHost> {
  const { appDir, stateDir, clock, fsync = true } = options;
  const log = logTo(options.log, () => clock.now());
  const work = workTracker();
  const lock = await lockStateSoon(stateDir, "host.pid");
  undo.push(() => lock.release());
  let onBroken: (reason: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => (onBroken = resolve));
  const journal = { fsync, onBroken };
  const hostJson = await readHostJson(appDir);
  const keys = readOrMakeKeys(stateDir);
  const settings = appSettings(options.settings);

  let serve: Handler = () => Promise.resolve({ status: 503, headers: { "retry-after": "1" } });
  let serveClient = serve;
  const common = { log, work, verbose: options.verbose === true, nowMs: () => clock.now() };
  const front = await listen(options.port ?? 0, () => serve, { ...common, requestLevel: "info" });
  undo.push(front.close);
  const rpc = await listen(0, () => serveClient, { ...common, requestLevel: "debug" });
  undo.push(rpc.close);
  const hub = {
    taskHub: hostJson.extensions?.durableTask?.hubName ?? "TestHubName",
    key: keys.durabletask,
    rpcBaseUrl: `http://127.0.0.1:${rpc.port}${RPC_BASE}`,
  };
  const url = `http://localhost:${front.port}`;

  const restoreEnvironment = overlayEnvironment({
    ...options.settings,
    // The SDK rewrites every URL it hands out when it does not find this before its first client.
    WEBSITE_HOSTNAME: `localhost:${front.port}`,
    AZURE_FUNCTIONS_ENVIRONMENT: "Development",
    FUNCTIONS_WORKER_RUNTIME: "node",
  });
  undo.push(restoreEnvironment);
  const app = await loadApp(appDir, (level, category, message) => {
    log(level === "warning" || level === "error" ? "warn" : "debug", "library", { category, message });
  });
  const functions = sortByTrigger(app.registration.functions.values());
  const calls = clientCalls();
  const payloadFor = (invocationId: string) =>
    asJson(durableClientPayload({ ...hub, origin: url, rpcBaseUrl: `${hub.rpcBaseUrl}${invocationId}/` }));
  const invoke = createInvoker(app, log, { payloadFor, calls });
  const instances = await openInstances(stateDir, journal);
  undo.push(instances.close);
  const engine = createEngine({
    instances,
    clock,
    log,
    work,
    invoke,
    orchestrators: functions.orchestrators,
    activities: functions.activities,
    maxActivities:
      hostJson.extensions?.durableTask?.maxConcurrentActivityFunctions ?? 10 * availableParallelism(),
  });
  const management = createManagement({ engine, instances, clock, hubFor: (origin) => ({ ...hub, origin }) });
  const prefix = hostJson.extensions?.http?.routePrefix ?? "api";
  const routes = httpFunctions(functions.http, settings, prefix.replace(/^\/|\/$/g, ""));
  serve = publicHandler(routes, invoke, management, options.enforceKeys === true ? keys : undefined, log);
  serveClient = privateHandler(management, RPC_BASE, calls);
  await engine.recover();
  const triggers = await startTriggers(functions, {
    ...{ invoke, log, work, settings, clock, stateDir, journal },
    blobPollMs: options.blobPollMs ?? 1000,
    extensions: hostJson.extensions ?? {},
  });
  log("info", "host-started", {
    url,
    functions: app.registration.functions.size,
    running: instances.live.size,
    routes: routes.map(({ methods, route }) => `${methods.join(",")} /${route.template}`),
  });

  return {
    url,
    port: front.port,
    idle: () => work.idle(),
    busy: () => work.busy(),
    failed,
    async stop() {
      await triggers.stop(GRACE_MS);
      serve = () => Promise.resolve({ status: 503, headers: { "retry-after": "1" } });
      const drained = Promise.race([work.idle(), new Promise<void>((r) => setTimeout(r, GRACE_MS).unref())]);
      await Promise.all([engine.stop(drained), front.close()]);
      await rpc.close();
      await app.terminate();
      restoreEnvironment();
      lock.release();
      log("info", "host-stopped");
    },
  };
}

/** Sets variables and returns what puts the former ones back: the next host of this process must not inherit them. */
function overlayEnvironment(values: Readonly<Record<string, string>>): () => void {
  const former = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of former) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
}
