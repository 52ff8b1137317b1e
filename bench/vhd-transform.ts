/**
 * The transform alone: a dynamic VHD on disk in, the non-empty runs of the disk out, no hash, nothing uploaded. Side
 * by side in one process with reading the same ranges and doing nothing, and with qemu-img convert where it is there.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planMending, type Extent, type MendingPlan } from "../src/domain/vhd/mending-plan.js";
import { openVhd } from "../src/domain/vhd/open-vhd.js";
import { pageRuns } from "../src/domain/vhd/page-runs.js";
import { assembleUnit, sliceCount, sliceUnits, type Unit } from "../src/domain/vhd/slice-units.js";
import { checksumOf, fieldsOf, HEADER_BYTES, MIB } from "../src/domain/vhd/layout.js";
import { fixedFooter } from "../src/domain/vhd/footer.js";

const VIRTUAL_BYTES = 4096 * MIB;
const DATA_BLOCKS = 274; // the Debian disk of the reference measurements: 548 MiB in 4 GiB
const BLOCK_BYTES = 2 * MIB;
const CONCURRENCY = 8;
const ROUNDS = 5;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vhd-transform-"));
  try {
    const path = join(folder, "source.vhd");
    await writeSource(path);
    const file = await open(path, "r");
    const plan = await planOf(file);
    const bare = await median(() => drive(file, plan, () => 0));
    const transform = await median(() => drive(file, plan, (unit, fetched) => runsOf(plan, unit, fetched)));
    await file.close();
    const moved = DATA_BLOCKS * BLOCK_BYTES;
    const rows: Record<string, object> = {
      "same reads, nothing done": row(bare, moved, bare),
      "transform (bitmaps, zero runs)": row(transform, moved, bare),
    };
    const qemu = await qemuConvert(path, join(folder, "target.vhd"));
    if (qemu !== undefined) rows["qemu-img convert to fixed, written to a file"] = row(qemu, moved, bare);
    console.log(
      `VHD transform: dynamic, ${moved / MIB} MiB of data in ${VIRTUAL_BYTES / MIB} MiB, warm file, median of ${ROUNDS}.`,
    );
    console.table(rows);
    console.log(
      qemu === undefined
        ? "qemu-img is not on this machine; nothing is compared with it."
        : `${(qemu / transform).toFixed(2)} × the speed of qemu-img convert; wanted: at least 0.5 ${qemu / transform >= 0.5 ? "✓" : "✗"}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const row = (ms: number, bytes: number, bareMs: number) => ({
  "wall ms": Math.round(ms),
  "MiB/s of data": Math.round(bytes / MIB / (ms / 1000)),
  "× bare reads": (ms / bareMs).toFixed(2),
});

/** Workers share one cursor over the units, as an activity does; buffers are theirs for good. */
async function drive(
  file: FileHandle,
  plan: MendingPlan,
  use: (unit: Unit, fetched: Uint8Array[]) => number,
): Promise<void> {
  const units = (function* () {
    for (let slice = 0; slice < sliceCount(plan); slice++) yield* sliceUnits(plan, slice);
  })();
  const worker = async () => {
    const pool = new Uint8Array(2 * plan.unitBytes);
    for (const unit of units) use(unit, await fetchInto(file, pool, unit.reads));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function fetchInto(
  file: FileHandle,
  pool: Uint8Array,
  reads: readonly Extent[],
): Promise<Uint8Array[]> {
  const fetched: Uint8Array[] = [];
  let used = 0;
  for (const { offset, length } of reads) {
    const { bytesRead } = await file.read(pool, used, length, offset);
    if (bytesRead !== length) throw new Error(`${bytesRead} of ${length} bytes at ${offset} were read.`);
    fetched.push(pool.subarray(used, used + length));
    used += length;
  }
  return fetched;
}

function runsOf(plan: MendingPlan, unit: Unit, fetched: Uint8Array[]): number {
  const { data } = assembleUnit(plan, unit, fetched);
  return pageRuns(data, unit.virtualOffset).length;
}

async function planOf(file: FileHandle): Promise<MendingPlan> {
  const { size } = await file.stat();
  const read = async (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    await file.read(bytes, 0, length, offset);
    return bytes;
  };
  const opened = await openVhd({ sizeBytes: size, read });
  if (opened.status === "refused") throw new Error(opened.findings[0].what);
  return planMending(opened.container);
}

async function median(act: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await act();
    times.push(performance.now() - start);
  }
  return times.toSorted((one, other) => one - other)[Math.floor(ROUNDS / 2)]!;
}

async function qemuConvert(source: string, target: string): Promise<number | undefined> {
  if (spawnSync("qemu-img", ["--version"]).status !== 0) return undefined;
  const options = ["convert", "-f", "vpc", "-O", "vpc", "-o", "subformat=fixed,force_size", source, target];
  return median(() => Promise.resolve(void execFileSync("qemu-img", options)));
}

/** Every seventh block or so is there, and 6 % of each is zeros, as on the disk the numbers come from. */
async function writeSource(path: string): Promise<void> {
  const entries = VIRTUAL_BYTES / BLOCK_BYTES;
  const tableBytes = entries * 4;
  const footer = fixedFooter({ sizeBytes: VIRTUAL_BYTES, uuid: new Uint8Array(16), secondsSince2000: 0 });
  fieldsOf(footer).setBigUint64(16, 512n);
  fieldsOf(footer).setUint32(60, 3);
  fieldsOf(footer).setUint32(64, checksumOf(footer, 64));
  const header = new Uint8Array(HEADER_BYTES);
  header.set(Buffer.from("cxsparse"));
  const fields = fieldsOf(header);
  fields.setBigUint64(8, 0xffff_ffff_ffff_ffffn);
  fields.setBigUint64(16, 1536n);
  fields.setUint32(24, 0x0001_0000);
  fields.setUint32(28, entries);
  fields.setUint32(32, BLOCK_BYTES);
  fields.setUint32(36, checksumOf(header, 36));

  const block = Buffer.alloc(512 + BLOCK_BYTES, 0xff);
  for (let at = 512; at < block.length; at += 1024 * 1024) block.fill(0, at, at + 64 * 1024);
  const table = Buffer.alloc(tableBytes, 0xff);
  const file = await open(path, "w");
  let next = 1536 + tableBytes;
  for (let index = 0; index < DATA_BLOCKS; index++) {
    table.writeUInt32BE(next / 512, Math.floor((index * entries) / DATA_BLOCKS) * 4);
    await file.write(block, 0, block.length, next);
    next += block.length;
  }
  await file.write(Buffer.concat([footer, header, table]), 0, 1536 + tableBytes, 0);
  await file.write(footer, 0, footer.length, next);
  await file.close();
}
