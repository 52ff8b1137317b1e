/**
 * Reads a disk back as it lies in the storage account, to hash what Azure will be given rather than what was sent.
 * A plan of its own, by the ranges that the account itself says hold something: it shares nothing with the plan by
 * which the disk was written.
 */
import type { ReadBackOrder, ReadBackSlice, SliceDone } from "../../contracts/import-activities.js";
import type { MendingSettings } from "../../contracts/import-run.js";
import type { PlannedMending } from "../../domain/import/import-plan.js";
import { done, type Outcome } from "../../domain/outcome.js";
import { planMending } from "../../domain/vhd/mending-plan.js";
import type { DropReader } from "../../ports/drops.js";
import type { PageWriter } from "../../ports/prepared-disks.js";
import { carryOut, keepPlan, keptTreeHash, writtenOf } from "./kept-work.js";
import type { MendPorts } from "./mend-disk.js";

const folderOf = ({ runId, name }: ReadBackOrder) => ({ runId, name: `${name}/read-back` });

const open = ({ name, lying }: ReadBackOrder, { drops, prepared }: MendPorts): Promise<DropReader> =>
  lying === undefined ? prepared.open(name) : Promise.resolve(drops.open(lying));

export async function planReadBack(
  order: ReadBackOrder & { readonly settings: MendingSettings },
  ports: MendPorts,
): Promise<Outcome<PlannedMending>> {
  const reader = await open(order, ports);
  const written = await writtenOf(reader, order.sizeBytes);
  const plan = planMending(
    { kind: "fixed", fileBytes: reader.sizeBytes, virtualBytes: order.sizeBytes },
    { maxSliceSourceBytes: order.settings.sliceBytes, written },
  );
  return done(await keepPlan(folderOf(order), plan, ports.runs));
}

export async function readSlice(order: ReadBackSlice, ports: MendPorts): Promise<Outcome<SliceDone>> {
  const ends = { reader: await open(order, ports), writer: nowhere };
  return done(await carryOut({ ...order, ...folderOf(order) }, ends, ports));
}

export const sumReadBack = async (
  order: ReadBackOrder & { readonly plan: PlannedMending },
  { runs }: MendPorts,
): Promise<Outcome<{ treeHash: string }>> =>
  done({ treeHash: await keptTreeHash({ ...folderOf(order), plan: order.plan }, runs) });

const nowhere: PageWriter = { write: () => Promise.resolve(), writeFrom: () => Promise.resolve() };
