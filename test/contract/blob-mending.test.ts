/** Mending end to end over a storage account: what was dropped, by each way, against a reader that shares no code. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as refs from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD, type MendingSettings } from "../../src/contracts/import-run.js";
import type { Way } from "../../src/domain/import/import-plan.js";
import { wayOf } from "../../src/domain/import/way.js";
import { activitiesOn, DROP, openAccount, portsOn, type Account } from "../support/storage-account.js";
import { diskWith, dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

/** A boot sector's mark, so that the doctor sees a disk and not an empty file. */
function disk(size: number): Buffer {
  const bytes = diskWith(size, [
    { at: MIB, length: 3 * MIB + 700 },
    { at: 9 * MIB + 4096, length: 512 },
    { at: size - 5120, length: 5120 },
  ]);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

interface Mended {
  readonly way: Way;
  readonly uri: string;
  readonly treeHash?: string;
  readonly made?: Buffer;
  readonly bytesWritten?: number;
  readonly calls?: number;
}

/** What the runbook does with one disk, without Durable. */
async function mend(
  blob: string,
  settings: Partial<MendingSettings> = {},
  service = account.service,
): Promise<Mended> {
  const act = activitiesOn(service);
  const state = await portsOn(account.service).drops.look({ container: DROP, blob });
  if (state === undefined) throw new Error(`${blob} was not dropped.`);
  const { drop } = state;
  const runId = `run-${blob.replace(/\W/g, "-")}`;
  const report = value(await act(refs.examineDrop, { runId, lun: -1, drop, purpose: "any" }));
  const { way } = wayOf(report, drop, "when-needed");
  const order = { runId, lun: -1, drop, report, name: `${runId}-os.vhd`, epoch: 1, atMs: 1_750_000_000_000 };
  if (way === "as-it-lies") return { way, ...value(await act(refs.locateDrop, { drop })) };
  if (way.startsWith("server-copy")) {
    value(await act(refs.copyDrop.start, order));
    value(await act(refs.copyDrop.ask, { input: order, started: {} }));
    const finished = value(await act(refs.finishDisk, { ...order, hashed: false }));
    return { way, ...finished, made: await account.prepared(order.name) };
  }
  const all = { ...MENDING_STANDARD, ...settings };
  const plan = value(await act(refs.planMending, { ...order, settings: all }));
  let bytesWritten = 0;
  let calls = 0;
  for (let slice = 0; slice < plan.slices; slice++) {
    for (let fromUnit: number | undefined, going = true; going;) {
      const at = fromUnit === undefined ? {} : { fromUnit };
      const done = value(await act(refs.moveSlice, { ...order, plan, slice, settings: all, ...at }));
      bytesWritten += done.bytesWritten;
      calls += 1;
      fromUnit = done.nextUnit;
      going = fromUnit !== undefined;
    }
  }
  const finished = value(await act(refs.finishDisk, { ...order, plan, hashed: true }));
  return { way, bytesWritten, calls, ...finished, made: await account.prepared(order.name) };
}

function value<T>(outcome: { status: string; value?: T; message?: string }): T {
  if (outcome.status !== "done") throw new Error(`${outcome.status}: ${outcome.message ?? ""}`);
  return outcome.value as T;
}

/** The disk, zeros up to the next whole MiB, and a footer that the reference reader takes for one of that size. */
function expectDisk(made: Buffer | undefined, wanted: Buffer): void {
  if (made === undefined) throw new Error("Nothing was made.");
  const sizeBytes = Math.max(20 * MIB, Math.ceil(wanted.length / MIB) * MIB);
  expect(made.length).toBe(sizeBytes + 512);
  const read = logicalDisk(made);
  expect(read.length).toBe(sizeBytes);
  expect(read.subarray(0, wanted.length).equals(wanted)).toBe(true);
  expect(read.subarray(wanted.length).every((byte) => byte === 0)).toBe(true);
}

describe("mending a dropped disk", () => {
  it("uses a fixed, aligned page blob as it lies", async () => {
    await account.dropPages("perfect.vhd", fixedVhd({ disk: disk(24 * MIB) }));
    const { way, uri } = await mend("perfect.vhd");
    expect(way).toBe("as-it-lies");
    expect(uri).toBe(account.dropped("perfect.vhd").url);
  });

  it.each([
    ["misaligned", fixedVhd({ disk: disk(24 * MIB + 512) }), 24 * MIB + 512],
    ["wrong checksum", fixedVhd({ disk: disk(24 * MIB), footer: { checksumError: 1 } }), 24 * MIB],
    ["padded", fixedVhd({ disk: disk(24 * MIB), padding: 4096 }), 24 * MIB],
  ])("copies a page blob inside the account and gives it a new end: %s", async (name, file, size) => {
    await account.dropPages(`${name}.vhd`, file);
    const { way, made } = await mend(`${name}.vhd`);
    expect(way).toBe("server-copy-new-footer");
    expectDisk(made, disk(size));
  });

  it.each([
    ["fixed block blob", fixedVhd({ disk: disk(24 * MIB) })],
    ["fixed, misaligned", fixedVhd({ disk: disk(23 * MIB + 1536) })],
    ["raw", disk(22 * MIB)],
    ["dynamic", dynamicVhd({ disk: disk(24 * MIB) })],
    ["dynamic, small blocks", dynamicVhd({ disk: disk(24 * MIB), blockSize: 4096 })],
    ["dynamic, large blocks", dynamicVhd({ disk: disk(40 * MIB), blockSize: 16 * MIB })],
    ["dynamic, reversed", dynamicVhd({ disk: disk(24 * MIB), reversed: true, blockSize: 512 * 1024 })],
    ["dynamic, stale sectors", dynamicVhd({ disk: disk(24 * MIB), sparseBitmap: true, stale: 0xee })],
  ])("streams a block blob into pages: %s", async (name, file) => {
    await account.dropBlock(`stream ${name}.vhd`, file);
    const { made } = await mend(`stream ${name}.vhd`);
    expectDisk(made, name === "raw" ? file : logicalDisk(file));
  });

  it("moves none of the zeros", async () => {
    await account.dropBlock("sparse.vhd", fixedVhd({ disk: disk(64 * MIB) }));
    const { bytesWritten } = await mend("sparse.vhd");
    expect(bytesWritten).toBeLessThan(4 * MIB);
  });

  it("makes the same disk and the same tree hash however the work is cut", async () => {
    const file = dynamicVhd({ disk: disk(24 * MIB), blockSize: 512 * 1024 });
    await account.dropBlock("whole.vhd", file);
    await account.dropBlock("cut.vhd", file);
    const whole = await mend("whole.vhd");
    const cut = await mend("cut.vhd", { sliceBytes: 4 * MIB, sliceSeconds: 0, concurrency: 1 });
    expect(cut.calls).toBeGreaterThan(whole.calls ?? 0);
    expect(cut.treeHash).toBe(whole.treeHash);
    expectDisk(cut.made, logicalDisk(file));
  });
});
