/**
 * One look at a dropped file and at whatever describes it. It may show that another run makes the image: the run of
 * the description that names the file, or the one that was first to find this content complete.
 */
import type { Look, LookQuestion } from "../../contracts/import-activities.js";
import { imageManifest, type ImageManifest } from "../../contracts/image-manifest.js";
import { problemsOf } from "../../contracts/problems.js";
import type { AllowedTargets } from "../../domain/allowed-targets.js";
import { outsideAllowed } from "../../domain/allowed-targets.js";
import {
  baseName,
  folderOf,
  isManifest,
  stemOf,
  type DropPlace,
  type DropRef,
  type DropState,
} from "../../domain/import/drop.js";
import type { LandedDisk } from "../../domain/import/import-plan.js";
import { judgeLanding, type Expected } from "../../domain/import/landing.js";
import { importRunId } from "../../domain/import/run-id.js";
import { done, refused, type Done, type Outcome, type Refusal } from "../../domain/outcome.js";
import type { Caching } from "../../domain/vm.js";
import type { Drops } from "../../ports/drops.js";
import type { RunStore } from "../../ports/run-store.js";
import { isStillBlank } from "./still-blank.js";

const MANIFEST_LIMIT_BYTES = 64 * 1024;
/** The metadata of a blob that holds what a description beside it would. */
const METADATA_KEY = "vmimage";
const CLAIMS = "claims";

interface LookPorts {
  readonly drops: Drops;
  readonly runs: RunStore;
  readonly allowedTargets: AllowedTargets;
}

interface Wanted {
  readonly place: DropPlace;
  readonly lun: number;
  readonly caching: Caching;
  readonly expected?: Expected;
}

export async function lookAtDrop(question: LookQuestion, ports: LookPorts): Promise<Outcome<Look>> {
  const { source, before, runId } = question;
  const own = await ports.drops.look(source);
  if (own === undefined)
    return refused("SOURCE_GONE", `${source.blob} no longer exists.`, "Drop the file again.");

  if (!isManifest(source.blob)) {
    const described = await manifestNaming(source, ports.drops);
    if (described !== undefined)
      return done({
        state: "handed-over",
        handedTo: importRunId(described),
        because: `${described.blob} describes this file`,
      });
  }
  const read = await manifestOf(own, ports.drops);
  if (read.status === "refused") return read;
  const manifest = read.value;
  const outside = manifest.target && outsideAllowed(ports.allowedTargets, manifest.target);
  if (outside) return outside;

  const seen: Record<string, string> = { [source.blob]: own.drop.etag };
  const disks: LandedDisk[] = [];
  const waits: string[] = [];
  for (const { place, lun, caching, expected } of disksOf(source, manifest)) {
    const state = await ports.drops.look(place);
    if (state === undefined) {
      waits.push(`${place.blob}: it is not there yet`);
      continue;
    }
    seen[place.blob] = state.drop.etag;
    const earlier = before[place.blob];
    const landing = judgeLanding(state, earlier === undefined ? undefined : { etag: earlier }, expected);
    if (landing.state === "broken")
      return refused("SOURCE_GONE", `${place.blob}: ${landing.because}.`, "Drop the file again.");
    if (landing.state === "arriving") waits.push(`${place.blob}: ${landing.because}`);
    else if (await isStillBlank(state, question.waitedSeconds, ports.drops))
      waits.push(`${place.blob}: its last bytes have not come yet`);
    else disks.push({ lun, caching, drop: state.drop });
  }
  if (waits.length > 0) return done({ state: "arriving", because: waits.join("; "), seen });

  const winner = await claim(own, runId, ports.runs);
  if (winner !== runId)
    return done({
      state: "handed-over",
      handedTo: winner,
      because: "another run is making the image of this content",
    });
  const { target, location, state, os, tags, testBoot } = manifest;
  return done({ state: "landed", disks, description: { target, location, state, os, tags, testBoot } });
}

/** The first run to find a content complete goes on with it; every other one is told which that is. */
async function claim(own: DropState, runId: string, runs: RunStore): Promise<string> {
  const bytes = await runs.putOnce(CLAIMS, importRunId(own.drop), new TextEncoder().encode(runId));
  return new TextDecoder().decode(bytes);
}

/** The run that has claimed this content, if any. */
export async function claimant(runs: RunStore, contentRunId: string): Promise<string | undefined> {
  const bytes = await runs.get(CLAIMS, contentRunId);
  return bytes && new TextDecoder().decode(bytes);
}

function disksOf(source: DropPlace, manifest: ImageManifest): Wanted[] {
  const beside = (file: string): DropPlace => ({ ...source, blob: folderOf(source.blob) + file });
  const { osDisk, dataDisks } = manifest;
  const wanted = (disk: NonNullable<ImageManifest["osDisk"]>, lun: number): Wanted => ({
    place: beside(disk.file),
    lun,
    caching: disk.caching,
    ...(disk.sizeBytes === undefined || disk.md5 === undefined
      ? {}
      : { expected: { sizeBytes: disk.sizeBytes, md5: disk.md5 } }),
  });
  const os = isManifest(source.blob)
    ? wanted(osDisk ?? { file: `${stemOf(source.blob)}.vhd`, caching: "ReadWrite" }, -1)
    : { place: source, lun: -1, caching: osDisk?.caching ?? ("ReadWrite" as const) };
  return [os, ...dataDisks.map((disk) => wanted(disk, disk.lun))];
}

const EMPTY = "{}";

async function manifestOf(own: DropState, drops: Drops): Promise<Done<ImageManifest> | Refusal> {
  const { blob } = own.drop;
  if (!isManifest(blob))
    return parse(own.metadata[METADATA_KEY] ?? EMPTY, `the metadata ${METADATA_KEY} of ${blob}`);
  return parse((await drops.readText(own.drop, MANIFEST_LIMIT_BYTES)) ?? EMPTY, blob);
}

function parse(text: string, where: string): Done<ImageManifest> | Refusal {
  const invalid = (problem: string) =>
    refused(
      "MANIFEST_INVALID",
      `${where}: ${problem}`,
      "Correct it (the schema is docs/schemas/image-manifest.json) and drop it again.",
    );
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return invalid(`it is not JSON (${error instanceof Error ? error.message : "unreadable"}).`);
  }
  const manifest = imageManifest.safeParse(json);
  return manifest.success ? done(manifest.data) : invalid(problemsOf(manifest.error).join("; "));
}

/** The description in the same folder that names this file; one that cannot be read describes nothing. */
export async function manifestNaming(place: DropPlace, drops: Drops): Promise<DropRef | undefined> {
  const file = baseName(place.blob);
  for await (const found of drops.list(place.container, folderOf(place.blob))) {
    const { blob } = found;
    if (!isManifest(blob) || folderOf(blob) !== folderOf(place.blob)) continue;
    const text = await drops.readText({ ...place, blob }, MANIFEST_LIMIT_BYTES);
    const read = text === undefined ? undefined : parse(text, blob);
    if (read?.status !== "done") continue;
    const { osDisk, dataDisks } = read.value;
    const named = [osDisk?.file ?? `${stemOf(blob)}.vhd`, ...dataDisks.map((disk) => disk.file)];
    if (named.includes(file)) return found;
  }
  return undefined;
}
