/** A host around one of the fixture apps, in a folder of its own, on a clock that the test moves. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VirtualClock } from "../../../src/local/clock.js";
import { type FunctionsHost, type HostOptions, startHost } from "../../../src/local/functions-host/host.js";
import type { LogLine } from "../../../src/local/functions-host/log.js";

export type AppName = "fixture-app" | "trigger-app" | "fuzz-app";

export const appDir = (name: AppName) => fileURLToPath(new URL(name, import.meta.url));

export interface Status {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly historyEvents?: readonly Record<string, unknown>[];
}

export interface Fixture {
  readonly host: FunctionsHost;
  readonly clock: VirtualClock;
  readonly lines: LogLine[];
  readonly stateDir: string;
  readonly webhooks: string;
  start(name: string, input: unknown, id?: string): Promise<string>;
  status(id: string, query?: string): Promise<Status>;
  post(path: string, body?: unknown): Promise<Response>;
  /** Runs the instance to its end, moving the clock from timer to timer whenever all is quiet. */
  finish(id: string): Promise<Status>;
  run(name: string, input: unknown): Promise<Status>;
  /** Stops the host and starts another one over the same state. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const ended = ["Completed", "Failed", "Terminated"];

export async function startFixture(app: AppName, options: Partial<HostOptions> = {}): Promise<Fixture> {
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "functions-host-")));
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const all = {
    appDir: appDir(app),
    settings: {},
    clock,
    log: (line: LogLine) => void lines.push(line),
    fsync: false,
  };
  let host = await startHost({ ...all, ...options, stateDir });
  const webhooks = () => `${host.url}/runtime/webhooks/durabletask`;
  const send = (path: string, body?: unknown) =>
    fetch(`${webhooks()}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  const fixture: Fixture = {
    get host() {
      return host;
    },
    get webhooks() {
      return webhooks();
    },
    clock,
    lines,
    stateDir,
    async start(name, input, id) {
      const response = await send(`orchestrators/${name}${id === undefined ? "" : `/${id}`}`, input);
      if (response.status !== 202)
        throw new Error(`start answered ${response.status}: ${await response.text()}`);
      return ((await response.json()) as { id: string }).id;
    },
    async status(id, query = "") {
      return (await (await fetch(`${webhooks()}/instances/${id}${query}`)).json()) as Status;
    },
    post: send,
    async finish(id) {
      for (let step = 0; step < 2000; step++) {
        await host.idle();
        const status = await fixture.status(id);
        if (ended.includes(status.runtimeStatus)) return status;
        const due = clock.nextDueMs();
        if (due === undefined) throw new Error(`${id} waits for something that no clock brings.`);
        clock.advance(due - clock.now());
      }
      throw new Error(`${id} did not end within 2000 timers.`);
    },
    run: async (name, input) => fixture.finish(await fixture.start(name, input)),
    async restart() {
      await host.stop();
      host = await startHost({ ...all, ...options, stateDir });
    },
    async stop() {
      await host.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
  return fixture;
}
