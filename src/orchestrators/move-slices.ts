/** Streams disks slice by slice, a few at a time, in turn. A slice that stopped at its limits goes on where it was. */
import { moveSlice, planMending, type DiskOrder } from "../contracts/import-activities.js";
import type { MendingSettings } from "../contracts/import-run.js";
import type { PlannedMending } from "../domain/import/import-plan.js";
import type { Durable } from "./durable.js";
import type { Run } from "./run.js";
import { note } from "./run.js";
import { demandEach, pause, valueOf } from "./wait.js";

/** A disk under way, and how far it has come. */
export interface Moving {
  readonly order: DiskOrder;
  plan?: PlannedMending;
  bytesMoved: number;
  hashed: boolean;
  remark?: string;
}

interface Slice {
  readonly job: Moving;
  readonly plan: PlannedMending;
  readonly slice: number;
  readonly fromUnit?: number;
}

export function* moveAll(run: Run, settings: MendingSettings, jobs: readonly Moving[]): Durable<void> {
  const slices = yield* planAll(run, settings, jobs);
  const allBytes = jobs.reduce((sum, { plan }) => sum + (plan?.sourceBytes ?? 0), 0);
  let readBytes = 0;
  while (slices.length > 0) {
    // Between rounds is where a cancel finds its way in.
    yield* pause(run, 0);
    const round = slices.splice(0, settings.slicesAtOnce);
    const orders = round.map(({ job, ...slice }) => ({ ...job.order, ...slice, settings }));
    const results = (yield* demandEach(run, moveSlice, orders)).map(valueOf);
    const stopped: Slice[] = [];
    for (const [index, { nextUnit, bytesRead, bytesWritten, hashed, remark }] of results.entries()) {
      const slice = round[index] as Slice;
      readBytes += bytesRead;
      slice.job.bytesMoved += bytesWritten;
      slice.job.hashed &&= hashed;
      if (remark !== undefined) slice.job.remark = remark;
      if (nextUnit !== undefined) stopped.push({ ...slice, fromUnit: nextUnit });
    }
    slices.unshift(...stopped);
    const percent = allBytes === 0 ? 100 : Math.min(100, Math.floor((100 * readBytes) / allBytes));
    note(run, "mend", { percent, detail: `${readBytes} of ${allBytes} bytes read` });
  }
}

/** Slices of all disks, the first of each disk before the second of any. */
function* planAll(run: Run, settings: MendingSettings, jobs: readonly Moving[]): Durable<Slice[]> {
  const questions = jobs.map(({ order }) => ({ ...order, settings }));
  const plans = (yield* demandEach(run, planMending, questions)).map(valueOf);
  const slices = jobs.flatMap((job, index) => {
    const plan = plans[index] as PlannedMending;
    job.plan = plan;
    return Array.from({ length: plan.slices }, (_, slice) => ({ job, plan, slice }));
  });
  return slices.sort((one, other) => one.slice - other.slice);
}
