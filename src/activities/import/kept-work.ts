/**
 * What the acts on one disk keep for each other in the run's store: the plan, and the hashes that slices leave behind.
 * The history holds the plan's own hash, so that nobody carries out another plan than the one that was made.
 */
import { createHash } from "node:crypto";
import type { SliceDone, SlicePart } from "../../contracts/import-activities.js";
import type { PlannedMending } from "../../domain/import/import-plan.js";
import { ABSENT_BLOCK } from "../../domain/vhd/layout.js";
import type { MendingPlan } from "../../domain/vhd/mending-plan.js";
import { decodePlan, encodePlan } from "../../domain/vhd/plan-file.js";
import { sliceCount, sliceExtent } from "../../domain/vhd/slice-units.js";
import {
  markWritten,
  noneWritten,
  writtenBytes,
  type WrittenGrains,
} from "../../domain/vhd/written-grains.js";
import type { DropReader } from "../../ports/drops.js";
import type { RunStore } from "../../ports/run-store.js";
import { encodeLeaves, hashesName, hashesPrefix, rootOf, treeOf } from "./leaf-hashes.js";
import { moveUnits, type MoveEnds } from "./move-units.js";

/** `name` is the folder of the run's store in which the work on one disk lies. */
interface Work {
  readonly runId: string;
  readonly name: string;
}

interface Keepers {
  readonly runs: RunStore;
  readonly nowMs: () => number;
}

const planName = (name: string): string => `${name}/plan`;

/** What a page blob's own ranges say of the disk in it: folded as they come, however many there are. */
export async function writtenOf(reader: DropReader, diskBytes: number): Promise<WrittenGrains> {
  const map = noneWritten(diskBytes);
  for await (const range of reader.writtenRanges()) markWritten(map, diskBytes, range);
  return map;
}

export async function keepPlan(
  { runId, name }: Work,
  plan: MendingPlan,
  runs: RunStore,
): Promise<PlannedMending> {
  const bytes = encodePlan(plan);
  await runs.put(runId, planName(name), bytes);
  return { planHash: hashOf(bytes), slices: sliceCount(plan), sourceBytes: sourceBytesOf(plan) };
}

async function keptPlan(
  { runId, name, plan }: Work & { readonly plan: PlannedMending },
  runs: RunStore,
): Promise<MendingPlan> {
  const bytes = await runs.get(runId, planName(name));
  if (bytes === undefined || hashOf(bytes) !== plan.planHash)
    throw new Error(`The plan for ${name} in the run's store is missing or was changed.`);
  return decodePlan(bytes);
}

/** A slice of the plan, or what its limits allow of it. Bytes that pass through here leave their hashes. */
export async function carryOut(
  work: Work & SlicePart,
  ends: Pick<MoveEnds, "reader" | "writer" | "byAccount">,
  { runs, nowMs }: Keepers,
): Promise<SliceDone> {
  const { runId, name, slice, settings } = work;
  const plan = await keptPlan(work, runs);
  const extent = sliceExtent(plan, slice);
  const fromUnit = work.fromUnit ?? extent.offset / plan.unitBytes;
  const limits = {
    concurrency: settings.concurrency,
    maxBytes: settings.sliceBytes,
    deadlineMs: nowMs() + settings.sliceSeconds * 1000,
  };
  const tree = treeOf(plan.newBytes);
  const moved = await moveUnits(plan, { slice, fromUnit }, limits, { ...ends, tree, nowMs });
  const { nextUnit, bytesRead, bytesWritten, leaves } = moved;
  const hashed = ends.byAccount === undefined;
  const to = nextUnit ?? Math.ceil((extent.offset + extent.length) / plan.unitBytes);
  if (hashed) await runs.put(runId, hashesName(name, { from: fromUnit, to }), encodeLeaves(leaves));
  return { ...(nextUnit === undefined ? {} : { nextUnit }), bytesRead, bytesWritten, hashed };
}

export async function keptTreeHash(
  work: Work & { readonly plan: PlannedMending },
  runs: RunStore,
): Promise<string> {
  const { virtualBytes, newBytes, unitBytes } = await keptPlan(work, runs);
  const documents = await runs.list(work.runId, hashesPrefix(work.name));
  return rootOf(newBytes, Math.ceil(virtualBytes / unitBytes), documents, async (document) => {
    const bytes = await runs.get(work.runId, document);
    if (bytes === undefined) throw new Error(`${document} was there and is gone.`);
    return bytes;
  });
}

function sourceBytesOf({ source, virtualBytes }: MendingPlan): number {
  if (source.kind === "linear") return source.written ? writtenBytes(source.written) : virtualBytes;
  let present = 0;
  for (const sector of source.blocks) if (sector !== ABSENT_BLOCK) present += 1;
  return present * (source.blockBytes + source.bitmapBytes);
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
