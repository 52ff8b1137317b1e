/**
 * The Compute simulator: Azure Resource Manager's Microsoft.Compute over plain HTTP, for @azure/arm-compute and fetch.
 *
 *   wire/    routes, order of checks, status and headers, throttling, scenarios, recording, the bytes behind a SAS
 *   model/   resources and their rules, operations on the clock, errors, the journal; knows no HTTP
 *   guests/  what is inside a VM: its state, its answers to scripts, its sealing
 *   content/ the bytes of disks, VHD import
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, VirtualClock } from "../clock.js";
import { type Content, Contents } from "./content/contents.js";
import { completionsOf } from "./model/completions.js";
import { Journal } from "./model/journal.js";
import { type Completion, type Operation, Operations } from "./model/operations.js";
import { Table } from "./model/store.js";
import type { AnyResource } from "./model/resources.js";
import { removeUnused } from "./model/unused-contents.js";
import type { Lock, StorageAccount, Tables, World } from "./model/world.js";
import { standSubnet } from "./network/seeding.js";
import { EMPTY_SEED, type Seed } from "./seed.js";
import { applySeed } from "./seeding.js";
import { type LogExchange, listener } from "./wire/listener.js";
import { RateLimits } from "./wire/rate-limits.js";
import { recorder } from "./wire/recorder.js";

export type { StorageAccount } from "./model/world.js";
export type { Seed } from "./seed.js";

export interface ComputeOptions {
  readonly port?: number;
  readonly clock: Clock;
  /** Where everything is kept over restarts; in memory only when absent. */
  readonly stateDir?: string;
  /** Applied when there is no state yet, and again by `POST /_local/reset`. */
  readonly seed?: Seed;
  /** Ids of subnets that stand after every start and reset: seeds and states of old may know nothing of them. */
  readonly subnets?: readonly string[];
  readonly storage?: StorageAccount | readonly StorageAccount[];
  readonly recordFile?: string;
  readonly log: (line: string) => void;
  /** Told of every exchange member by member; absent, it is a line of text in the log. */
  readonly logRequest?: LogExchange;
  /** Told the bodies of every exchange, secrets masked; absent, they stay out of the log. */
  readonly logBodies?: LogExchange;
  readonly throttling?: boolean;
  /** Above which size the journal is folded while requests go on; absent: 16 MiB. */
  readonly foldAboveBytes?: number;
  /**
   * Whether an operation's first poll asks for its recorded Retry-After (9 to 36 s of clock time). On by default,
   * off on a virtual clock: the SDK's pollers would sleep that long in real time.
   */
  readonly pollRetryAfter?: boolean;
}

export interface ComputeSimulator {
  readonly endpoint: string;
  readonly port: number;
  readonly subscriptionId: string;
  /** Requests being answered, or acts of guests and imports under way. */
  busy(): boolean;
  stop(): Promise<void>;
}

export async function startCompute(options: ComputeOptions): Promise<ComputeSimulator> {
  const { clock, log } = options;
  const seed = options.seed ?? EMPTY_SEED;
  const contents = new Table<Content>();
  const operations = new Table<Operation>();
  const tables: Tables = {
    resources: new Table<AnyResource>(),
    operations,
    locks: new Table<Lock>(),
    contents,
    settings: new Table<unknown>(),
    writes: new Table<unknown>(),
    rules: new Table<unknown>(),
  };
  const journal = new Journal({ ...tables } as unknown as Readonly<Record<string, Table<never>>>, {
    directory: options.stateDir,
    foldAboveBytes: options.foldAboveBytes,
    log,
  });
  let completions: Readonly<Record<string, Completion>> = {};
  let port = 0;
  let sweep: NodeJS.Immediate | undefined;
  const world: World = {
    subscriptionId: () => tables.settings.get("subscription") as string,
    clock,
    tables,
    journal,
    operations: new Operations({
      clock,
      table: operations,
      commit: () => {
        journal.commit();
        sweep ??= setImmediate(() => {
          sweep = undefined;
          try {
            removeUnused(world);
          } catch (thrown) {
            log(`could not remove the bytes of disks that are gone: ${String(thrown)}`);
          }
        });
      },
      completionOf: (kind) => {
        const completion = completions[kind];
        if (completion === undefined) throw new Error(`no completion for ${kind}`);
        return completion;
      },
      log,
    }),
    contents: new Contents(contents, options.stateDir),
    storage: [options.storage ?? []].flat(),
    endpoint: () => `http://127.0.0.1:${port}`,
    log,
  };
  completions = completionsOf(world);
  if (tables.settings.get("subscription") === undefined) {
    tables.settings.set("sas-key", randomBytes(32).toString("base64"));
    applySeed(world, seed);
  }
  const standSubnets = () => {
    for (const subnet of options.subnets ?? []) {
      try {
        standSubnet(world, subnet);
      } catch (thrown) {
        log(`could not add the subnet ${subnet}: ${String(thrown)}`);
      }
    }
  };
  standSubnets();
  journal.commit();
  const limits = new RateLimits(clock, options.throttling ?? true);
  const answer = listener({
    world,
    limits,
    control: {
      world,
      limits,
      reseed: (given = seed) => {
        applySeed(world, given);
        standSubnets();
      },
    },
    record: recorder(options.recordFile),
    logRequest: options.logRequest,
    logBodies: options.logBodies,
    pollRetryAfter: options.pollRetryAfter ?? !(clock instanceof VirtualClock),
  });
  let answering = 0;
  const server = createServer((request, response) => {
    answering += 1;
    answer(request, response)
      .catch((thrown: unknown) => {
        // A client that left before it had said everything broke nothing here.
        if (request.complete) log(`broke on ${request.method ?? ""}: ${String(thrown)}`);
        response.destroy();
      })
      .finally(() => {
        answering -= 1;
      });
  });
  // A client that reuses a connection while it is being closed for idleness would see a reset.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  ({ port } = server.address() as AddressInfo);
  removeUnused(world);
  world.contents.removeStrays({ andParts: true });
  world.operations.resume();
  return {
    endpoint: world.endpoint(),
    port,
    subscriptionId: world.subscriptionId(),
    busy: () => answering > 0 || world.operations.busy(),
    stop: async () => {
      world.operations.stop();
      clearImmediate(sweep);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await journal.close();
    },
  };
}
