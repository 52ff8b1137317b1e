/** The simulator as a process of its own, killed while real clients write: what it answered stands, what it took on goes on. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ComputeManagementClient } from "@azure/arm-compute";
import ts from "typescript";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { GROUP, POLL, SEED, WEST } from "./support.js";

/** The simulator's sources as plain JavaScript beside the project's packages: what a build would make of them. */
function built(target: string): string {
  const shared = readdirSync("src/local");
  const own = readdirSync("src/local/compute", { recursive: true, encoding: "utf8" });
  const sources = [...shared, ...own.map((file) => path.join("compute", file))];
  for (const file of sources.filter((name) => name.endsWith(".ts"))) {
    const to = path.join(target, file.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(to), { recursive: true });
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    };
    const text = readFileSync(path.join("src/local", file), "utf8");
    writeFileSync(to, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  writeFileSync(path.join(target, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(path.resolve("node_modules"), path.join(target, "node_modules"));
  return path.join(target, "compute", "main.js");
}

const FAST = { factor: 600, realEpochMs: Date.now(), clockEpochMs: Date.now() };
/** Low, so that kills fall into folds too. */
const FOLD_ABOVE_BYTES = 60_000;

let code: string;
let main: string;
beforeAll(() => {
  code = mkdtempSync(path.join(tmpdir(), "compute-built-"));
  main = built(code);
});
afterAll(() => rmSync(code, { recursive: true }));

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "compute-killed-"));
  writeFileSync(path.join(directory, "seed.json"), JSON.stringify(SEED));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function start() {
  const state = path.join(directory, "state");
  const options = ["--seed", path.join(directory, "seed.json"), "--state", state, "--no-throttling"];
  const fast = ["--clock", JSON.stringify(FAST), "--fold-above", String(FOLD_ABOVE_BYTES)];
  const child = spawn(process.execPath, [main, ...options, ...fast], { stdio: ["pipe", "pipe", "ignore"] });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { endpoint, subscriptionId } = JSON.parse(line) as { endpoint: string; subscriptionId: string };
  const client = new ComputeManagementClient(undefined as never, subscriptionId, {
    endpoint,
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  const group = `${endpoint}/subscriptions/${subscriptionId}/resourceGroups/${GROUP}/providers`;
  return { child, client, group };
}
type Simulator = Awaited<ReturnType<typeof start>>;

async function kill({ child }: Simulator): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Asks again until it is so: the processes' time is the machine's. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`It never came true that ${what}.`);
    await sleep(20);
  }
}

/** What clients were told: names of what stands, and of what is going. */
interface Told {
  readonly snapshots: Set<string>;
  readonly tags: Map<string, string>;
  readonly interfaces: Set<string>;
  readonly going: Set<string>;
}

const NIC_API = "?api-version=2024-05-01";

/** Writes without pause until the connection breaks; what was not answered is owed to nobody. */
function writeAll({ client, group }: Simulator, told: Told, round: number): Promise<void>[] {
  const forever = async (act: (count: number) => Promise<void>) => {
    for (let count = 0; ; count += 1) {
      try {
        await act(count);
      } catch {
        return;
      }
    }
  };
  const subnet = { id: `${new URL(group).pathname}/Microsoft.Network/virtualNetworks/vnet/subnets/default` };
  const nic = {
    location: WEST,
    properties: { ipConfigurations: [{ name: "ip", properties: { subnet } }] },
  };
  return [
    forever(async (count) => {
      const name = `s-${round}-${count}`;
      const asked = { location: WEST, creationData: { createOption: "Empty" as const }, diskSizeGB: 4 };
      await client.snapshots.createOrUpdate(GROUP, name, asked, POLL).submitted();
      told.snapshots.add(name);
      if (count % 3 !== 2) return;
      const doomed = `s-${round}-${count - 1}`;
      // Whether an unanswered deletion was taken on is not known.
      told.snapshots.delete(doomed);
      await client.snapshots.delete(GROUP, doomed, POLL).submitted();
      told.going.add(doomed);
    }),
    forever(async (count) => {
      const value = `${round}-${count}`;
      const response = await fetch(`${group}/Microsoft.Network/networkInterfaces/trusted1-nic${NIC_API}`, {
        method: "PATCH",
        body: JSON.stringify({ tags: { value } }),
      });
      if (response.status === 200) told.tags.set("trusted1-nic", value);
    }),
    forever(async (count) => {
      const name = `n-${round}-${count}`;
      const url = `${group}/Microsoft.Network/networkInterfaces/${name}${NIC_API}`;
      const { status } = await fetch(url, { method: "PUT", body: JSON.stringify(nic) });
      if (status === 201) told.interfaces.add(name);
    }),
  ];
}

async function expectKept({ client, group }: Simulator, told: Told): Promise<void> {
  const kept = new Set<string>();
  for await (const { name } of client.snapshots.listByResourceGroup(GROUP)) kept.add(name ?? "");
  expect([...told.snapshots].filter((name) => !kept.has(name))).toEqual([]);
  const names = new Map<string, Record<string, string> | undefined>();
  let url: string | undefined = `${group}/Microsoft.Network/networkInterfaces${NIC_API}`;
  while (url !== undefined) {
    const page = (await (await fetch(url)).json()) as {
      value: { name: string; tags?: Record<string, string> }[];
      nextLink?: string;
    };
    for (const { name, tags } of page.value) names.set(name, tags);
    url = page.nextLink;
  }
  expect([...told.interfaces].filter((name) => !names.has(name))).toEqual([]);
  const [round = 0, count = 0] = (told.tags.get("trusted1-nic") ?? "").split("-").map(Number);
  const [sameRound, atLeast] = (names.get("trusted1-nic")?.["value"] ?? "").split("-").map(Number);
  // A last write may have been kept whose answer the kill cut off.
  expect([sameRound, (atLeast ?? -1) >= count]).toEqual([round, true]);
}

test("nothing that was answered is lost, and what was taken on goes on, at whichever moment it is killed", async () => {
  const told: Told = { snapshots: new Set(), tags: new Map(), interfaces: new Set(), going: new Set() };
  const first = await start();
  const { virtualMachines, snapshots, galleryImageVersions } = first.client;
  await snapshots
    .createOrUpdate(
      GROUP,
      "base",
      { location: WEST, creationData: { createOption: "Empty" }, diskSizeGB: 64 },
      POLL,
    )
    .submitted();
  const sourceId = `${new URL(first.group).pathname}/Microsoft.Compute/snapshots/base`;
  const copyStart = { createOption: "CopyStart" as const, sourceResourceId: sourceId };
  await snapshots
    .createOrUpdate(
      GROUP,
      "far",
      { location: "northeurope", incremental: true, creationData: copyStart },
      POLL,
    )
    .submitted();
  const vmId = `${new URL(first.group).pathname}/Microsoft.Compute/virtualMachines/linux1`;
  const source = { virtualMachineId: vmId };
  const publishingProfile = { targetRegions: [{ name: WEST }, { name: "northeurope" }] };
  const version = { location: WEST, publishingProfile, storageProfile: { source } };
  const names = ["rg-images", "gallery1", "linux-specialized", "1.0.0"] as const;
  await galleryImageVersions.createOrUpdate(...names, version, POLL).submitted();
  await virtualMachines.deallocate(GROUP, "linux1", POLL).submitted();
  await virtualMachines.delete(GROUP, "windows1", POLL).submitted();

  const delays = Array.from({ length: 4 }, () => Math.round(150 + Math.random() * 500));
  let simulator = first;
  let folds = 0;
  for (const [round, delay] of delays.entries()) {
    const writers = writeAll(simulator, told, round);
    await sleep(delay);
    await kill(simulator);
    await Promise.all(writers);
    if (existsSync(path.join(directory, "state", "journal.old.jsonl"))) folds += 1;
    simulator = await start();
    await expectKept(simulator, told).catch((error: unknown) => {
      throw new Error(`Killed after ${delays.join(", ")} ms, ${folds} times within a fold: ${String(error)}`);
    });
  }
  expect(told.snapshots.size + told.interfaces.size).toBeGreaterThan(20);

  const { client } = simulator;
  await until("the VM is deallocated", async () => {
    const { statuses } = await client.virtualMachines.instanceView(GROUP, "linux1");
    return statuses?.some(({ code: status }) => status === "PowerState/deallocated") === true;
  });
  const gone = (read: Promise<unknown>) =>
    read.then(
      () => false,
      (error: unknown) => (error as { statusCode?: number }).statusCode === 404,
    );
  await until("the VM is deleted", () => gone(client.virtualMachines.get(GROUP, "windows1")));
  for (const name of told.going)
    await until(`${name} is deleted`, () => gone(client.snapshots.get(GROUP, name)));
  await until("the copy is complete", async () => {
    const { completionPercent } = await client.snapshots.get(GROUP, "far");
    return completionPercent === 100;
  });
  await until("the version is replicated", async () => {
    const view = await client.galleryImageVersions.get(...names, { expand: "ReplicationStatus" });
    return view.replicationStatus?.aggregatedState === "Completed";
  });
  simulator.child.stdin.end();
  expect((await once(simulator.child, "exit"))[0]).toBe(0);
}, 60_000);
