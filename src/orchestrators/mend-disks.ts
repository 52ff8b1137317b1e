/**
 * Makes of every dropped disk a fixed VHD in a page blob from which Azure can make a disk, by the cheapest way that
 * the doctor found. All disks of an image at once, as many slices at a time as the settings allow.
 */
import {
  finishDisk,
  locateDrop,
  moveSlice,
  planMending,
  removePrepared,
  type DiskOrder,
} from "../contracts/import-activities.js";
import type { ImportInput } from "../contracts/import-run.js";
import type { DiskReport, LandedDisk, PreparedDisk } from "../domain/import/import-plan.js";
import { wayOf, type WayChoice } from "../domain/import/way.js";
import { placeName } from "../domain/vm.js";
import { callEach, valueOf } from "./call.js";
import { copyServerSide } from "./copy-drops.js";
import type { Durable } from "./durable.js";
import { callActivity, nowMs } from "./durable.js";
import type { Run } from "./run.js";
import { moveAll, type Moving, type Slicing } from "./move-slices.js";
import { readBack } from "./read-back.js";
import { note } from "./run.js";

const MOVING: Slicing<DiskOrder> = { plan: planMending, slice: moveSlice, says: "read" };

type JudgedDisk = LandedDisk & { readonly report: DiskReport };
interface Job extends Moving<DiskOrder> {
  readonly disk: JudgedDisk;
  choice: WayChoice;
}

export function* mendDisks(
  run: Run,
  input: ImportInput,
  disks: readonly JudgedDisk[],
): Durable<readonly PreparedDisk[]> {
  const jobs = disks.map((disk) => jobFor(input, disk, nowMs(run.context)));
  note(run, "mend", { detail: waysOf(jobs) });
  const made = jobs.filter(({ choice }) => choice.way !== "as-it-lies");
  const verify = input.settings.verify === "read-back";
  for (const { order } of verify ? jobs : made)
    run.undo.push({
      when: "exit",
      resources: [`prepared disk ${order.name}`],
      release: function* () {
        yield* callActivity(run.context, removePrepared, { runId: order.runId, name: order.name });
      },
    });
  yield* copyServerSide(run, made.filter(isCopied));
  note(run, "mend", { detail: waysOf(jobs) });
  yield* moveAll(
    run,
    input.settings.mending,
    MOVING,
    made.filter((job) => !isCopied(job)),
  );
  const prepared = yield* finish(run, jobs);
  if (!verify) return prepared;
  const orders = jobs.map(({ order }) => order);
  return yield* readBack(run, input.settings.mending, orders, prepared);
}

const isCopied = ({ choice }: Job): boolean => choice.way.startsWith("server-copy");
const waysOf = (jobs: readonly Job[]): string =>
  jobs.map(({ order, choice }) => `${order.drop.blob}: ${choice.why}`).join("; ");

function jobFor({ runId, settings }: ImportInput, disk: JudgedDisk, atMs: number): Job {
  const { lun, drop, report } = disk;
  const name = `${runId}-${placeName(lun)}.vhd`;
  const order = { runId, lun, drop, report, name, atMs };
  const { freeze, mending } = settings;
  const choice = wayOf(report, drop, { freeze, copyBy: mending.copyBy });
  return { disk, order, bytesMoved: 0, hashed: true, choice };
}

function* finish(run: Run, jobs: readonly Job[]): Durable<readonly PreparedDisk[]> {
  const orders = jobs.flatMap(({ choice, order, plan, hashed }) =>
    choice.way === "as-it-lies" ? [] : [{ ...order, ...(plan === undefined ? {} : { plan }), hashed }],
  );
  const finished = (yield* callEach(run, finishDisk, orders)).map(valueOf);
  const lying = jobs
    .filter(({ choice }) => choice.way === "as-it-lies")
    .map(({ order: { drop } }) => ({ drop }));
  const located = (yield* callEach(run, locateDrop, lying)).map(valueOf);
  const disks: PreparedDisk[] = [];
  for (const job of jobs) {
    const { disk, choice, remark, bytesMoved } = job;
    const { way, why } = choice;
    const ready = way === "as-it-lies" ? located.shift() : finished.shift();
    if (ready === undefined) throw new Error(`Nothing is known of ${disk.drop.blob}.`);
    disks.push({
      lun: disk.lun,
      caching: disk.caching,
      file: disk.drop.blob,
      sizeBytes: disk.report.newSizeBytes,
      way,
      why: remark === undefined ? why : `${why} ${remark}`,
      bytesMoved,
      ...ready,
    });
  }
  return disks;
}

/** What lay in the open while Azure read it must be what it was: never a mixture. */
export function* confirmUnchanged(
  run: Run,
  prepared: readonly PreparedDisk[],
  disks: readonly LandedDisk[],
): Durable<void> {
  const exposed = disks
    .filter((_, index) => prepared[index]?.way === "as-it-lies")
    .map(({ drop }) => ({ drop }));
  (yield* callEach(run, locateDrop, exposed)).map(valueOf);
}
