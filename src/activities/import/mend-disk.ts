/** Mending a disk: plan it, move a slice, finish it. Each may be repeated, and ends soon whatever the disk's size. */
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
import { planEndPatch, planMending } from "../../domain/vhd/mending-plan.js";
import { openVhd } from "../../domain/vhd/open-vhd.js";
import type { Drops } from "../../ports/drops.js";
import type { PreparedDisks } from "../../ports/prepared-disks.js";
import type { RunStore } from "../../ports/run-store.js";
import { Unsupported } from "../../ports/storage-refusal.js";
import { carryOut, keepPlan, keptTreeHash, writtenOf } from "./kept-work.js";

export interface MendPorts {
  readonly drops: Drops;
  readonly prepared: PreparedDisks;
  readonly runs: RunStore;
  readonly nowMs: () => number;
}

/** The plan goes into the run's store; what is returned goes into the history. */
export async function planDisk(
  order: DiskOrder & { readonly settings: MendingSettings },
  { drops, prepared, runs }: MendPorts,
): Promise<Outcome<PlannedMending>> {
  const { name, drop, settings } = order;
  const reader = drops.open(drop);
  const opened = await openVhd(reader);
  if (opened.status === "refused") {
    const [{ code, what, remedy }] = opened.findings;
    return refused(`VHD_${code}`, what, remedy);
  }
  const { container } = opened;
  const tellsRanges = drop.blobKind === "page" && container.kind !== "dynamic";
  const mending = planMending(container, {
    maxSliceSourceBytes: settings.sliceBytes,
    ...(tellsRanges ? { written: await writtenOf(reader, container.virtualBytes) } : {}),
  });
  const planned = await keepPlan(order, mending, runs);
  const { planHash } = planned;
  await prepared.create({ name, sizeBytes: mending.newBytes, sourceEtag: drop.etag, planHash });
  return done(planned);
}

export async function moveSlice(order: SliceOrder, ports: MendPorts): Promise<Outcome<SliceDone>> {
  const { drop, name, settings } = order;
  const ends = { reader: ports.drops.open(drop), writer: ports.prepared.pages(name) };
  if (settings.moveBy === "stream") return done(await carryOut(order, ends, ports));
  try {
    return done({ ...(await carryOut(order, { ...ends, byAccount: drop }, ports)), remark: UNSEEN });
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    const remark = `${error.message} So they were streamed.`;
    return done({ ...(await carryOut(order, ends, ports)), remark });
  }
}

const UNSEEN =
  "The storage account copied the pages itself; without a read-back there is no tree hash of them.";

/** The footer, last: from here on it is a disk. */
export async function finishDisk(
  order: FinishOrder,
  { prepared, runs }: MendPorts,
): Promise<Outcome<Finished>> {
  const { name, report, drop, atMs, plan } = order;
  const sizeBytes = report.newSizeBytes;
  const treeHash = plan && order.hashed ? await keptTreeHash({ ...order, plan }, runs) : undefined;
  const copied = { kind: "fixed", fileBytes: drop.sizeBytes, virtualBytes: report.virtualSizeBytes } as const;
  const { clear } = plan === undefined ? planEndPatch(copied) : {};
  const { uri } = await prepared.commit({
    name,
    sizeBytes,
    footer: fixedFooter({ sizeBytes, uuid: uuidOf(order), secondsSince2000: secondsSince2000(atMs) }),
    ...(clear === undefined ? {} : { clear }),
    ...(treeHash === undefined ? {} : { treeHash }),
  });
  return done({ uri, ...(treeHash === undefined ? {} : { treeHash }) });
}

/** The same for every attempt, so that each writes the same footer. */
const uuidOf = ({ runId, name }: DiskOrder): Buffer =>
  createHash("sha256").update(`${runId}/${name}`).digest().subarray(0, 16);

const secondsSince2000 = (ms: number): number => Math.floor((ms - Date.UTC(2000, 0, 1)) / 1000);
