/**
 * Moves a slice of a disk from a dropped file into a page blob: a few workers share the plan's units, each with a
 * buffer of its own, and every unit is fetched, made into the disk's bytes, hashed and written where it is not zero.
 * It stops between units when it has read enough or worked long enough, and says where to go on.
 */
import type { DropRef } from "../../domain/import/drop.js";
import { pairs } from "../../domain/pairs.js";
import type { MendingPlan } from "../../domain/vhd/mending-plan.js";
import { pageRuns } from "../../domain/vhd/page-runs.js";
import { assembleUnit, sliceUnits, type Unit } from "../../domain/vhd/slice-units.js";
import type { Leaf, TreeHash } from "../../domain/vhd/tree-hash.js";
import type { DropReader } from "../../ports/drops.js";
import type { PageWriter } from "../../ports/prepared-disks.js";
import { moveByAccount } from "./move-by-account.js";

export interface SliceLimits {
  readonly concurrency: number;
  readonly maxBytes: number;
  readonly deadlineMs: number;
}

export interface Moved {
  /** Where to go on; undefined when the slice is done. */
  readonly nextUnit: number | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** The hashes of every unit that is not all zeros. */
  readonly leaves: readonly Leaf[];
}

export interface MoveEnds {
  readonly reader: Pick<DropReader, "readInto">;
  readonly writer: PageWriter;
  readonly tree: TreeHash;
  /** The storage account moves the bytes of this file by itself. */
  readonly byAccount?: DropRef;
  readonly nowMs: () => number;
}

export async function moveUnits(
  plan: MendingPlan,
  { slice, fromUnit }: { readonly slice: number; readonly fromUnit: number },
  limits: SliceLimits,
  { reader, writer, tree, byAccount, nowMs }: MoveEnds,
): Promise<Moved> {
  const units = sliceUnits(plan, slice, fromUnit);
  const leaves: Leaf[] = [];
  let pending = units.next();
  let bytesRead = 0;
  let bytesWritten = 0;
  let failed = false;

  function take(): Unit | undefined {
    const spent = bytesRead > 0 && (bytesRead >= limits.maxBytes || nowMs() >= limits.deadlineMs);
    if (failed || spent || pending.done) return undefined;
    const unit = pending.value;
    for (const { length } of unit.reads) bytesRead += length;
    pending = units.next();
    return unit;
  }

  async function work(): Promise<void> {
    const buffer = growing();
    const scratch = new Uint8Array(isPieced(plan) ? plan.unitBytes : 0);
    for (let unit = take(); unit !== undefined; unit = take()) {
      if (byAccount) {
        // Not `+= await`: that adds to what the sum was before the wait, and other workers add meanwhile.
        const moved = await moveByAccount(plan, unit, byAccount, reader, writer);
        bytesWritten += moved;
        continue;
      }
      const { virtualOffset, reads } = unit;
      const fetched = buffer(reads.map(({ length }) => length));
      for (const [{ offset }, into] of pairs(reads, fetched)) await reader.readInto(into, offset);
      const { data } = assembleUnit(plan, unit, fetched, scratch);
      const runs = pageRuns(data, virtualOffset);
      if (runs.length === 0) continue;
      leaves.push(...tree.leavesOf(data, virtualOffset));
      for (const { offset, length } of runs) {
        const at = offset - virtualOffset;
        await writer.write(offset, data.subarray(at, at + length));
        bytesWritten += length;
      }
    }
  }

  const workers = Array.from({ length: limits.concurrency }, async () => {
    try {
      await work();
    } catch (error) {
      failed = true;
      throw error;
    }
  });
  // All of them, whatever one meets: none may still be writing when the next attempt begins.
  const ends = await Promise.allSettled(workers);
  const broken = ends.find((end) => end.status === "rejected");
  if (broken) throw broken.reason;
  return { nextUnit: pending.done ? undefined : pending.value.index, bytesRead, bytesWritten, leaves };
}

/** Whether a unit's bytes may come in pieces, and so need a place to be put together. */
const isPieced = ({ source }: MendingPlan) => source.kind === "dynamic" || source.written !== undefined;

/** Hands out views of one buffer that is as large as it ever had to be. Each part begins at a multiple of 8. */
function growing(): (lengths: readonly number[]) => Buffer[] {
  let buffer = Buffer.alloc(0);
  return (lengths) => {
    const starts: number[] = [];
    let end = 0;
    for (const length of lengths) {
      starts.push(end);
      end += Math.ceil(length / 8) * 8;
    }
    if (buffer.length < end) buffer = Buffer.allocUnsafeSlow(end);
    return lengths.map((length, index) => buffer.subarray(starts[index], (starts[index] ?? 0) + length));
  };
}
