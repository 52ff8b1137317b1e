/** The acts of mending: plan, move a slice, finish. Each may be repeated; each ends soon, whatever the disk's size. */
import { createHash } from "node:crypto";
import type {
  DiskOrder,
  Finished,
  FinishOrder,
  SliceDone,
  SliceOrder,
} from "../../contracts/import-activities.js";
import type { MendingSettings } from "../../contracts/import-run.js";
import type { PlannedMending } from "../../domain/import/import-plan.js";
import { done, refused, type Outcome } from "../../domain/outcome.js";
import { fixedFooter } from "../../domain/vhd/footer.js";
import { ABSENT_BLOCK } from "../../domain/vhd/layout.js";
import { planEndPatch, planMending, type MendingPlan } from "../../domain/vhd/mending-plan.js";
import { openVhd } from "../../domain/vhd/open-vhd.js";
import { decodePlan, encodePlan } from "../../domain/vhd/plan-file.js";
import { sliceCount, sliceExtent } from "../../domain/vhd/slice-units.js";
import type { Drops } from "../../ports/drops.js";
import type { PreparedDisks } from "../../ports/prepared-disks.js";
import type { RunStore } from "../../ports/run-store.js";
import { Unsupported } from "../../ports/storage-refusal.js";
import { encodeLeaves, hashesName, hashesPrefix, rootOf, treeOf } from "./leaf-hashes.js";
import { moveUnits, type MoveEnds } from "./move-units.js";

export interface MendPorts {
  readonly drops: Drops;
  readonly prepared: PreparedDisks;
  readonly runs: RunStore;
  readonly nowMs: () => number;
}

const planName = (disk: string): string => `${disk}/plan`;

/** The plan goes into the run's store; what is returned goes into the history. */
export async function plan(
  order: DiskOrder & { readonly settings: MendingSettings },
  { drops, prepared, runs }: MendPorts,
): Promise<Outcome<PlannedMending>> {
  const { runId, name, epoch, drop, settings } = order;
  const opened = await openVhd(drops.open(drop));
  if (opened.status === "refused") {
    const [{ code, what, remedy }] = opened.findings;
    return refused(`VHD_${code}`, what, remedy);
  }
  const mending = planMending(opened.container, { maxSliceSourceBytes: settings.sliceBytes });
  const bytes = encodePlan(mending);
  const planHash = hashOf(bytes);
  await runs.put(runId, planName(name), bytes);
  await prepared.create({ name, sizeBytes: mending.newBytes, epoch, sourceEtag: drop.etag, planHash });
  return done({ planHash, slices: sliceCount(mending), sourceBytes: sourceBytesOf(mending) });
}

function sourceBytesOf({ source, unitBytes, virtualBytes }: MendingPlan): number {
  if (source.kind === "linear")
    return source.presentUnits ? source.presentUnits.length * unitBytes : virtualBytes;
  let present = 0;
  for (const sector of source.blocks) if (sector !== ABSENT_BLOCK) present += 1;
  return present * (source.blockBytes + source.bitmapBytes);
}

export async function slice(
  order: SliceOrder,
  { drops, prepared, runs, nowMs }: MendPorts,
): Promise<Outcome<SliceDone>> {
  const { runId, name, epoch, drop, settings } = order;
  const mending = await planned(order, runs);
  const extent = sliceExtent(mending, order.slice);
  const fromUnit = order.fromUnit ?? extent.offset / mending.unitBytes;
  const move = (ends: Pick<MoveEnds, "byAccount">) =>
    moveUnits(
      mending,
      { slice: order.slice, fromUnit },
      {
        concurrency: settings.concurrency,
        maxBytes: settings.sliceBytes,
        deadlineMs: nowMs() + settings.sliceSeconds * 1000,
      },
      {
        reader: drops.open(drop),
        writer: prepared.pages(name, epoch),
        tree: treeOf(mending.newBytes),
        nowMs,
        ...ends,
      },
    );
  const byAccount =
    settings.moveBy === "account" ? await orUnsupported(move({ byAccount: drop })) : undefined;
  const { nextUnit, bytesRead, bytesWritten, leaves } = byAccount ?? (await move({}));
  const to = nextUnit ?? Math.ceil((extent.offset + extent.length) / mending.unitBytes);
  if (!byAccount) await runs.put(runId, hashesName(name, { from: fromUnit, to }), encodeLeaves(leaves));
  return done({
    ...(nextUnit === undefined ? {} : { nextUnit }),
    bytesRead,
    bytesWritten,
    hashed: byAccount === undefined,
    ...(settings.moveBy === "account" && !byAccount ? { remark: STREAMED } : {}),
  });
}

const STREAMED = "The storage account cannot move pages by itself, so they were streamed.";

async function orUnsupported<T>(moving: Promise<T>): Promise<T | undefined> {
  try {
    return await moving;
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

async function planned(
  { runId, name, plan }: Pick<SliceOrder, "runId" | "name" | "plan">,
  runs: RunStore,
): Promise<MendingPlan> {
  const bytes = await runs.get(runId, planName(name));
  if (bytes === undefined || hashOf(bytes) !== plan.planHash)
    throw new Error(`The plan for ${name} is not in the run's store as it was made.`);
  return decodePlan(bytes);
}

/** The footer, last: from here on it is a disk. */
export async function finish(order: FinishOrder, { prepared, runs }: MendPorts): Promise<Outcome<Finished>> {
  const { runId, name, report, drop, epoch, atMs, plan } = order;
  const sizeBytes = report.newSizeBytes;
  const treeHash = plan && order.hashed ? await hashOfDisk({ runId, name, plan }, runs) : undefined;
  const copied = { kind: "fixed", fileBytes: drop.sizeBytes, virtualBytes: report.virtualSizeBytes } as const;
  const { clear } = plan === undefined ? planEndPatch(copied) : {};
  const { uri } = await prepared.commit({
    name,
    sizeBytes,
    epoch,
    footer: fixedFooter({ sizeBytes, uuid: uuidOf(order), secondsSince2000: secondsSince2000(atMs) }),
    ...(clear === undefined ? {} : { clear }),
    ...(treeHash === undefined ? {} : { treeHash }),
  });
  return done({ uri, ...(treeHash === undefined ? {} : { treeHash }) });
}

async function hashOfDisk(of: Pick<SliceOrder, "runId" | "name" | "plan">, runs: RunStore): Promise<string> {
  const { virtualBytes, newBytes, unitBytes } = await planned(of, runs);
  const documents = await runs.list(of.runId, hashesPrefix(of.name));
  return rootOf(newBytes, Math.ceil(virtualBytes / unitBytes), documents, async (document) => {
    const bytes = await runs.get(of.runId, document);
    if (bytes === undefined) throw new Error(`${document} was there and is gone.`);
    return bytes;
  });
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The same for every attempt, so that each writes the same footer. */
const uuidOf = ({ runId, name }: DiskOrder): Buffer =>
  createHash("sha256").update(`${runId}/${name}`).digest().subarray(0, 16);

const secondsSince2000 = (ms: number): number => Math.floor((ms - Date.UTC(2000, 0, 1)) / 1000);
