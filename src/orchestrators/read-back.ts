/**
 * Reads prepared disks back before an image is made of them. What was hashed on its way must have the same hash now;
 * what the storage account copied by itself gets its hash here.
 */
import {
  planReadBack,
  readSlice,
  sumReadBack,
  type DiskOrder,
  type ReadBackOrder,
} from "../contracts/import-activities.js";
import type { MendingSettings } from "../contracts/import-run.js";
import type { PreparedDisk } from "../domain/import/import-plan.js";
import { pairs } from "../domain/pairs.js";
import { callEach, valueOf } from "./call.js";
import type { Durable } from "./durable.js";
import { moveAll, type Moving, type Slicing } from "./move-slices.js";
import { failure, type Run } from "./run.js";

const READING: Slicing<ReadBackOrder> = { plan: planReadBack, slice: readSlice, says: "read back" };

/** `orders` are those by which the disks were prepared, one a disk. */
export function* readBack(
  run: Run,
  settings: MendingSettings,
  orders: readonly DiskOrder[],
  disks: readonly PreparedDisk[],
): Durable<readonly PreparedDisk[]> {
  const jobs = pairs(orders, disks).map(
    ([{ runId, name, drop }, { sizeBytes, way }]): Moving<ReadBackOrder> => {
      const order = { runId, name, sizeBytes, ...(way === "as-it-lies" ? { lying: drop } : {}) };
      return { order, bytesMoved: 0, hashed: true };
    },
  );
  const plans = yield* moveAll(run, settings, READING, jobs);
  const questions = pairs(jobs, plans).map(([{ order }, plan]) => ({ ...order, plan }));
  const sums = (yield* callEach(run, sumReadBack, questions)).map(valueOf);
  return pairs(disks, sums).map(([disk, { treeHash }]): PreparedDisk => {
    if (disk.treeHash === undefined || disk.treeHash === treeHash)
      return { ...disk, treeHash, readBack: true };
    throw failure(
      "READ_BACK_DIFFERS",
      `${disk.file}: the disk was written with the tree hash ${disk.treeHash} and reads back with ${treeHash}.`,
      "Drop the file again. If that fails in the same way, check the storage account and what else writes to the work container.",
    );
  });
}
