/**
 * Works through disks slice by slice, a few at a time, in turn: moving them, and reading them back. A slice that stopped
 * at its limits goes on where it was.
 */
import type { ActivityRef } from "../contracts/activity.js";
import type { SliceDone, SlicePart } from "../contracts/import-activities.js";
import type { MendingSettings } from "../contracts/import-run.js";
import type { PlannedMending } from "../domain/import/import-plan.js";
import type { Outcome } from "../domain/outcome.js";
import { pairs } from "../domain/pairs.js";
import { callEach, valueOf } from "./call.js";
import type { Durable } from "./durable.js";
import type { Run } from "./run.js";
import { note } from "./run.js";
import { pause } from "./wait.js";

/** What is done to each disk: first a plan, then every slice of it. */
export interface Slicing<Order> {
  readonly plan: ActivityRef<Order & { settings: MendingSettings }, Outcome<PlannedMending>>;
  readonly slice: ActivityRef<Order & SlicePart, Outcome<SliceDone>>;
  /** What the status calls it. */
  readonly says: string;
}

/** A disk under way, and how far it has come. */
export interface Moving<Order> {
  readonly order: Order;
  plan?: PlannedMending;
  bytesMoved: number;
  hashed: boolean;
  remark?: string;
}

interface Slice<Order> extends Omit<SlicePart, "settings"> {
  readonly job: Moving<Order>;
}

/** @returns each disk's plan. */
export function* moveAll<Order>(
  run: Run,
  settings: MendingSettings,
  slicing: Slicing<Order>,
  jobs: readonly Moving<Order>[],
): Durable<readonly PlannedMending[]> {
  const questions = jobs.map(({ order }) => ({ ...order, settings }));
  const plans = (yield* callEach(run, slicing.plan, questions)).map(valueOf);
  const slices = slicesOf(pairs(jobs, plans));
  const allBytes = plans.reduce((sum, { sourceBytes }) => sum + sourceBytes, 0);
  let readBytes = 0;
  while (slices.length > 0) {
    // Between rounds is where a cancel finds its way in.
    yield* pause(run, 0);
    const round = slices.splice(0, settings.slicesAtOnce);
    const orders = round.map(({ job, ...slice }) => ({ ...job.order, ...slice, settings }));
    const results = (yield* callEach(run, slicing.slice, orders)).map(valueOf);
    const stopped: Slice<Order>[] = [];
    for (const [slice, { nextUnit, bytesRead, bytesWritten, hashed, remark }] of pairs(round, results)) {
      readBytes += bytesRead;
      slice.job.bytesMoved += bytesWritten;
      slice.job.hashed &&= hashed;
      if (remark !== undefined) slice.job.remark = remark;
      if (nextUnit !== undefined) stopped.push({ ...slice, fromUnit: nextUnit });
    }
    slices.unshift(...stopped);
    const percent = allBytes === 0 ? 100 : Math.min(100, Math.floor((100 * readBytes) / allBytes));
    note(run, "mend", { percent, detail: `${readBytes} of ${allBytes} bytes ${slicing.says}` });
  }
  return plans;
}

/** Slices of all disks, the first of each disk before the second of any. */
function slicesOf<Order>(planned: readonly (readonly [Moving<Order>, PlannedMending])[]): Slice<Order>[] {
  const slices = planned.flatMap(([job, plan]) => {
    job.plan = plan;
    return Array.from({ length: plan.slices }, (_, slice) => ({ job, plan, slice }));
  });
  return slices.sort((one, other) => one.slice - other.slice);
}
