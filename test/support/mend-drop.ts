/** What the import runbook does with one disk, activity by activity and without Durable. */
import { expect } from "vitest";
import * as refs from "../../src/contracts/import-activities.js";
import type { DiskOrder, SliceDone } from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD, type MendingSettings } from "../../src/contracts/import-run.js";
import type { Way } from "../../src/domain/import/import-plan.js";
import { wayOf } from "../../src/domain/import/way.js";
import { activitiesOn, DROP, portsOn, type Account } from "./storage-account.js";
import { diskWith, MIB } from "./vhd-builder.js";
import { logicalDisk } from "./vhd-reference-reader.js";

/** A boot sector's mark, so that the doctor sees a disk and not an empty file. */
export function disk(size: number, dense = 3 * MIB + 700): Buffer {
  const bytes = diskWith(size, [
    { at: MIB, length: dense },
    { at: 9 * MIB + 4096, length: 512 },
    { at: size - 5120, length: 5120 },
  ]);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

export interface Mended {
  readonly way: Way;
  readonly uri: string;
  readonly treeHash?: string;
  readonly made?: Buffer;
  readonly bytesWritten?: number;
  readonly calls?: number;
}

type Act = ReturnType<typeof activitiesOn>;

export async function mend(
  account: Account,
  blob: string,
  settings: Partial<MendingSettings> = {},
  act: Act = activitiesOn(account.service),
  /** Whether to read what was made: not of a disk that has no room in memory. */
  fetches = true,
): Promise<Mended> {
  const order = await orderFor(account, blob);
  const fetched = async (name: string) => (fetches ? { made: await account.prepared(name) } : {});
  const all = { ...MENDING_STANDARD, ...settings };
  const { way } = wayOf(order.report, order.drop, { freeze: "when-needed", copyBy: all.copyBy });
  if (way === "as-it-lies") return { way, ...value(await act(refs.locateDrop, order)) };
  if (way.startsWith("server-copy")) {
    value(await act(refs.copyDrop.start, order));
    value(await act(refs.copyDrop.ask, { input: order, started: {} }));
    const finished = value(await act(refs.finishDisk, { ...order, hashed: false }));
    return { way, ...finished, ...(await fetched(order.name)) };
  }
  const plan = value(await act(refs.planMending, { ...order, settings: all }));
  let bytesWritten = 0;
  let calls = 0;
  let hashed = true;
  for (let slice = 0; slice < plan.slices; slice++) {
    let going: { fromUnit?: number } | undefined = {};
    while (going !== undefined) {
      const done: SliceDone = value(
        await act(refs.moveSlice, { ...order, plan, slice, settings: all, ...going }),
      );
      bytesWritten += done.bytesWritten;
      calls += 1;
      hashed &&= done.hashed;
      going = done.nextUnit === undefined ? undefined : { fromUnit: done.nextUnit };
    }
  }
  const finished = value(await act(refs.finishDisk, { ...order, plan, hashed }));
  return { way, bytesWritten, calls, ...finished, ...(await fetched(order.name)) };
}

/** A second reading of what was made, or of what lies, slice by slice; its tree hash. */
export async function readBack(
  order: refs.ReadBackOrder,
  settings: Partial<MendingSettings>,
  act: Act,
): Promise<{ treeHash: string; bytesRead: number }> {
  const all = { ...MENDING_STANDARD, ...settings };
  const plan = value(await act(refs.planReadBack, { ...order, settings: all }));
  let bytesRead = 0;
  for (let slice = 0; slice < plan.slices; slice++) {
    for (let fromUnit: number | undefined = 0; fromUnit !== undefined;) {
      const part = { plan, slice, ...(fromUnit === 0 ? {} : { fromUnit }), settings: all };
      const done: SliceDone = value(await act(refs.readSlice, { ...order, ...part }));
      bytesRead += done.bytesRead;
      fromUnit = done.nextUnit;
    }
  }
  return { bytesRead, ...value(await act(refs.sumReadBack, { ...order, plan })) };
}

/** The doctor's visit and what follows from it: an order for this disk, as the runbook makes it. */
export async function orderFor(account: Account, blob: string): Promise<DiskOrder> {
  const state = await portsOn(account.service).drops.look({ container: DROP, blob });
  if (state === undefined) throw new Error(`${blob} was not dropped.`);
  const { drop } = state;
  const runId = `run-${blob.replace(/\W/g, "-")}`;
  const visit = { runId, lun: -1, drop, purpose: "any" as const };
  const report = value(await activitiesOn(account.service)(refs.examineDrop, visit));
  return { runId, lun: -1, drop, report, name: `${runId}-os.vhd`, atMs: 1_750_000_000_000 };
}

/** Tries an activity that throws again, as Durable does. */
export const retried = (act: Act, attempts = 5): Act => {
  const again: Act = async (ref, input) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act(ref, input);
      } catch (error) {
        if (attempt === attempts) throw error;
      }
    }
  };
  return again;
};

export function value<T>(outcome: { status: string; value?: T; message?: string }): T {
  if (outcome.status !== "done") throw new Error(`${outcome.status}: ${outcome.message ?? ""}`);
  return outcome.value as T;
}

/** The disk, zeros up to the next whole MiB, and a footer that the reference reader takes for one of that size. */
export function expectDisk(made: Buffer | undefined, wanted: Buffer): void {
  if (made === undefined) throw new Error("Nothing was made.");
  const sizeBytes = Math.max(20 * MIB, Math.ceil(wanted.length / MIB) * MIB);
  expect(made.length).toBe(sizeBytes + 512);
  const read = logicalDisk(made);
  expect(read.length).toBe(sizeBytes);
  expect(read.subarray(0, wanted.length).equals(wanted)).toBe(true);
  const added = read.subarray(wanted.length);
  expect(added.equals(Buffer.alloc(added.length))).toBe(true);
}
