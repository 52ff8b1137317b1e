/**
 * The memory of the host itself, with the app in it as built, while it makes an image of a sparse dynamic disk of
 * 2040 GiB that somebody drops: what the process had when idle, and the most that it had (VmHWM of its status).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { setting, type LocalSettings } from "../src/local/cloud/app-settings.js";
import { readConnections, settingsFile } from "../src/local/cloud/connections.js";
import { getJson, hasEnded, type RunDocument } from "../src/local/demo/runs.js";
import { startChild, type Child } from "../src/local/start/child.js";
import { linuxGen2Disk } from "../test/support/disk-systems.js";
import { dropDynamic } from "./vhd-disks.js";

const MIB = 1024 * 1024;
/** The most that a dynamic disk can have. */
const SPARSE_BYTES = 2040 * 1024 * MIB;
const SMALL_BYTES = 64 * MIB;
const BLOCK_BYTES = 2 * MIB;
const DATA_BLOCKS = 256;
const WANTED_MIB = 150;
const PATIENCE_MS = 300_000;

export async function run(): Promise<void> {
  if (process.platform !== "linux") {
    console.log("The memory of the host is read from /proc; there is none on this machine.");
    return;
  }
  const stateDir = mkdtempSync(join(tmpdir(), "bench-host-"));
  const start = (name: string, script: string, args: readonly string[]) =>
    startChild({
      name,
      script: join(process.cwd(), "dist/local", script),
      args: ["--app", process.cwd(), ...args],
      onLogLine: () => undefined,
    });
  const cloud = await start("cloud", "cloud/main.js", [
    "--state",
    stateDir,
    "--ports",
    "free",
    "--speed",
    "1000",
  ]);
  try {
    const connections = readConnections(stateDir);
    const settings = JSON.parse(readFileSync(settingsFile(stateDir), "utf8")) as LocalSettings;
    const host = await start("host", "functions-host/main.js", [
      ...["--state", join(stateDir, "host"), "--port", "0", "--settings", settingsFile(stateDir)],
      ...["--clock", connections.clockFile, "--blob-poll-ms", "200"],
    ]);
    try {
      const service = BlobServiceClient.fromConnectionString(connections.storage.connectionString);
      await measure(host, service.getContainerClient(setting(settings, "DROP_CONTAINER")));
    } finally {
      await host.stop(5000);
    }
  } finally {
    await cloud.stop(5000);
    rmSync(stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function measure(
  host: Child,
  drops: ReturnType<BlobServiceClient["getContainerClient"]>,
): Promise<void> {
  const import_ = async (stem: string, sizeBytes: number, blocks: number) => {
    await dropDynamic(drops, `${stem}.vhd`, sizeBytes, blocks, linuxGen2Disk());
    return ended(String(host.ready["url"]), stem);
  };
  // The first image loads what every image needs: what an idle host has that has worked is what one has.
  await import_("small", SMALL_BYTES, SMALL_BYTES / BLOCK_BYTES);
  await later(3000);
  const idleKib = memory(host.pid, "VmRSS");
  // Writing 5 sets VmHWM back to what is resident now (proc(5), clear_refs).
  writeFileSync(`/proc/${host.pid}/clear_refs`, "5");
  const began = performance.now();
  const { status, error } = await import_("sparse", SPARSE_BYTES, DATA_BLOCKS);
  const seconds = (performance.now() - began) / 1000;
  const peakKib = memory(host.pid, "VmHWM");
  if (status !== "succeeded") throw new Error(`The import ended ${status}: ${error?.message ?? ""}`);
  const above = (peakKib - idleKib) / 1024;
  console.log(
    `host process, image of a dropped dynamic disk of 2040 GiB with ${(DATA_BLOCKS * 2).toFixed(0)} MiB of data in ${seconds.toFixed(0)} s: ` +
      `idle ${(idleKib / 1024).toFixed(0)} MiB, peak ${(peakKib / 1024).toFixed(0)} MiB, ${above.toFixed(0)} MiB above idle; ` +
      `wanted: under ${WANTED_MIB} ${above < WANTED_MIB ? "✓" : "✗"}`,
  );
}

function memory(pid: number, field: "VmRSS" | "VmHWM"): number {
  const [, kib] =
    new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib);
}

async function ended(hostUrl: string, stem: string): Promise<RunDocument> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const list = await getJson<{ runs: readonly RunDocument[] }>(`${hostUrl}/api/runs?kind=import`);
    const run = list?.runs.find(({ id }) => id.startsWith(`${stem}-`));
    if (run !== undefined && hasEnded(run)) return run;
    await later(200);
  }
  throw new Error(`The import of ${stem}.vhd did not end within ${PATIENCE_MS / 1000} s.`);
}
