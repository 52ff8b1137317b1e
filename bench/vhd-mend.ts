/**
 * Mending a dynamic block blob into a fixed page blob, with MD5 on every write, fences and a tree hash, beside a bare
 * loop that issues the same ranged GETs and the same Put Pages at the same concurrency and does nothing else. The
 * storage account is Azurite in a process of its own. Then the memory it takes for a sparse disk of 2040 GiB.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { BlobServiceClient, type PageBlobClient } from "@azure/storage-blob";
import { importActivities } from "../src/activities/import/import-activities.js";
import { blobDropCopies } from "../src/adapters/blob/blob-drop-copies.js";
import { blobDrops } from "../src/adapters/blob/blob-drops.js";
import { blobPreparedDisks } from "../src/adapters/blob/blob-prepared-disks.js";
import { blobRunStore } from "../src/adapters/blob/blob-run-store.js";
import type { ActivityRef } from "../src/contracts/activity.js";
import * as refs from "../src/contracts/import-activities.js";
import { MENDING_STANDARD } from "../src/contracts/import-run.js";
import type { DiskReport } from "../src/domain/import/import-plan.js";
import type { Outcome } from "../src/domain/outcome.js";
import { planMending } from "../src/domain/vhd/mending-plan.js";
import { openVhd } from "../src/domain/vhd/open-vhd.js";
import { pageRuns } from "../src/domain/vhd/page-runs.js";
import { assembleUnit, sliceUnits } from "../src/domain/vhd/slice-units.js";
import { dropDynamic } from "./vhd-disks.js";

const MIB = 1024 * 1024;
const BLOCK = 2 * MIB;
const SIZE = 4 * 1024 * MIB;
/** The most that a dynamic disk can have. */
const SPARSE = 2040 * 1024 * MIB;
const ROUNDS = 5;
const CONCURRENCY = 8;
const DATA_BLOCKS = 128;
const WANTED_RATIO = 1.25;
const WANTED_MIB = 150;

export async function run(): Promise<void> {
  const azurite = await startStorage();
  try {
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
    for (const name of ["drop", "work", "runs"]) await service.getContainerClient(name).createIfNotExists();
    await compare(service);
    await sparse(service);
  } finally {
    azurite.process.kill();
  }
}

async function compare(service: BlobServiceClient): Promise<void> {
  await dropDynamic(service.getContainerClient("drop"), "bench.vhd", SIZE, DATA_BLOCKS);
  const requests = await requestsOf(service, "bench.vhd");
  await bare(service, requests);
  await mend(service, "bench.vhd", SIZE, 0); // The first runs compile.
  const bareMs: number[] = [];
  const mendMs: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    bareMs.push(await timed(() => bare(service, requests)));
    mendMs.push(await timed(() => mend(service, "bench.vhd", SIZE, round)));
  }
  const megabytes =
    requests.reduce((sum, { puts }) => sum + puts.reduce((all, put) => all + put.length, 0), 0) / MIB;
  const ratio = median(mendMs) / median(bareMs);
  console.log(
    `dynamic block blob → page blob, ${megabytes.toFixed(0)} MiB in ${requests.length} units, ${CONCURRENCY} at once, median of ${ROUNDS}:`,
  );
  console.log(
    `  baseline, a bare loop of the same GETs and Put Pages: ${median(bareMs).toFixed(0)} ms (${range(bareMs)})`,
  );
  console.log(
    `  plan, slices, MD5, tree hash, footer:                 ${median(mendMs).toFixed(0)} ms (${range(mendMs)})`,
  );
  console.log(
    `  ratio ${ratio.toFixed(2)}; wanted: at most ${WANTED_RATIO} ${ratio <= WANTED_RATIO ? "✓" : "✗"}`,
  );
}

async function sparse(service: BlobServiceClient): Promise<void> {
  await dropDynamic(service.getContainerClient("drop"), "sparse.vhd", SPARSE, 48);
  await later(200);
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
  const ms = await timed(() => mend(service, "sparse.vhd", SPARSE, 0));
  clearInterval(watch);
  const above = (peak - idle) / MIB;
  console.log(
    `2040 GiB sparse disk with 96 MiB of data: ${ms.toFixed(0)} ms, ${above.toFixed(0)} MiB above idle (${(idle / MIB).toFixed(0)} MiB); wanted: under ${WANTED_MIB} ${above < WANTED_MIB ? "✓" : "✗"}`,
  );
}

/** What the doctor would say; its visit is not what is measured. */
const reportOf = (sizeBytes: number): DiskReport => ({
  verdict: "mendable",
  codes: ["KIND_DYNAMIC"],
  kind: "dynamic",
  virtualSizeBytes: sizeBytes,
  newSizeBytes: sizeBytes,
  path: "dynamic",
  why: "",
  osFamily: "unknown",
  generation: "unknown",
  architecture: "unknown",
  generalized: "unknown",
  secureBootSigned: false,
  bytesRead: 0,
});

async function mend(
  service: BlobServiceClient,
  blob: string,
  sizeBytes: number,
  round: number,
): Promise<void> {
  const drops = blobDrops(service);
  const all = importActivities({
    drops,
    prepared: blobPreparedDisks(service, "work"),
    copies: blobDropCopies(service, "work"),
    runs: blobRunStore(service, "runs"),
    allowedTargets: [],
    nowMs: () => performance.now(),
  });
  const act = async <I, T>(ref: ActivityRef<I, Outcome<T>>, input: I): Promise<T> => {
    const handler = all.find(({ name }) => name === ref.name)?.handler as (input: I) => Promise<Outcome<T>>;
    const outcome = await handler(input);
    if (outcome.status !== "done") throw new Error(outcome.message);
    return outcome.value;
  };
  const runId = `bench-${blob}-${round}`;
  const state = await drops.look({ container: "drop", blob });
  if (state === undefined) throw new Error(`${blob} is gone.`);
  const { drop } = state;
  const settings = { ...MENDING_STANDARD, concurrency: CONCURRENCY };
  const order = {
    runId,
    lun: -1,
    drop,
    report: reportOf(sizeBytes),
    name: `${runId}.vhd`,
    atMs: 0,
  };
  const plan = await act(refs.planMending, { ...order, settings });
  for (let slice = 0; slice < plan.slices; slice++)
    await act(refs.moveSlice, { ...order, plan, slice, settings });
  await act(refs.finishDisk, { ...order, plan, hashed: true });
  await service.getContainerClient("work").getPageBlobClient(order.name).delete();
}

interface UnitRequests {
  readonly gets: readonly { readonly offset: number; readonly length: number }[];
  readonly puts: readonly { readonly offset: number; readonly length: number; readonly at: number }[];
}

/** What mending asks of the account, worked out beforehand. */
async function requestsOf(service: BlobServiceClient, blob: string): Promise<UnitRequests[]> {
  const drops = blobDrops(service);
  const state = await drops.look({ container: "drop", blob });
  if (state === undefined) throw new Error(`${blob} is gone.`);
  const reader = drops.open(state.drop);
  const opened = await openVhd(reader);
  if (opened.status !== "opened") throw new Error("The bench's disk is no VHD.");
  const plan = planMending(opened.container);
  const requests: UnitRequests[] = [];
  for (let slice = 0; slice < plan.sliceStarts.length; slice++) {
    for (const unit of sliceUnits(plan, slice)) {
      const fetched: Uint8Array[] = [];
      for (const { offset, length } of unit.reads) fetched.push(await reader.read(offset, length));
      const { data } = assembleUnit(plan, unit, fetched);
      const puts = pageRuns(data, unit.virtualOffset).map((page) => ({
        ...page,
        at: page.offset - unit.virtualOffset,
      }));
      requests.push({ gets: unit.reads, puts });
    }
  }
  return requests;
}

async function bare(service: BlobServiceClient, requests: readonly UnitRequests[]): Promise<void> {
  const source = service.getContainerClient("drop").getBlobClient("bench.vhd");
  const target: PageBlobClient = service.getContainerClient("work").getPageBlobClient("bare.vhd");
  await target.create(SIZE + 512);
  let next = 0;
  const worker = async () => {
    const buffer = Buffer.allocUnsafeSlow(BLOCK + MIB);
    for (let unit = requests[next++]; unit !== undefined; unit = requests[next++]) {
      for (const { offset, length } of unit.gets)
        await source.downloadToBuffer(buffer, offset, length, { blockSize: length });
      for (const { offset, length, at } of unit.puts)
        await target.uploadPages(buffer.subarray(at, at + length), offset, length);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  await target.delete();
}

async function startStorage(): Promise<{ process: ChildProcess; connectionString: string }> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const main = createRequire(import.meta.url).resolve("azurite/dist/src/blob/main.js");
  const child = spawn(
    process.execPath,
    [
      main,
      "--blobHost",
      "127.0.0.1",
      "--blobPort",
      String(port),
      "--inMemoryPersistence",
      "--silent",
      "--skipApiVersionCheck",
      "--disableTelemetry",
    ],
    { stdio: "ignore" },
  );
  const endpoint = `http://127.0.0.1:${port}/devstoreaccount1`;
  // The emulator's published account and key; no secret.
  const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=${endpoint};`;
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(endpoint);
      return { process: child, connectionString };
    } catch {
      await later(100);
    }
  }
  child.kill();
  throw new Error("Azurite did not start within 10 s.");
}

async function timed(act: () => Promise<void>): Promise<number> {
  const beganMs = performance.now();
  await act();
  return performance.now() - beganMs;
}

const sorted = (values: readonly number[]) => [...values].sort((one, other) => one - other);
const median = (values: readonly number[]) => sorted(values)[Math.floor(values.length / 2)] ?? 0;
const range = (values: readonly number[]) =>
  `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;
