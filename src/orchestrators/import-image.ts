/**
 * The import runbook: from a dropped file to an image. The file is never written to; what has to be different is
 * different in a page blob of ours, which goes when the image stands.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { checkTarget } from "../contracts/image-activities.js";
import { examineDrop } from "../contracts/import-activities.js";
import type { HandedOver, ImportInput, ImportResult } from "../contracts/import-run.js";
import { IMPORT_STAGES } from "../contracts/import-run.js";
import type { ImageOrder, TargetFacts } from "../domain/image-order.js";
import { stemOf } from "../domain/import/drop.js";
import { imageFrom, type ImageDecision } from "../domain/import/image-from.js";
import type { DiskReport, ImageDescription, LandedDisk, PreparedDisk } from "../domain/import/import-plan.js";
import { KIND_TAG, RUN_TAG } from "../domain/names.js";
import { blocking } from "../domain/preflight.js";
import { concludeAloud } from "./announce.js";
import type { Durable } from "./durable.js";
import { land } from "./import-landing.js";
import { confirmUnchanged, mendDisks } from "./mend-disks.js";
import { register } from "./register.js";
import type { Run } from "./run.js";
import { note, openRun, refusal, skip, stage } from "./run.js";
import { demand, demandEach, valueOf } from "./wait.js";

export function* importImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, IMPORT_STAGES);
  const input = context.df.getInput<ImportInput>();
  const about = input.settings.announce ? aboutOf(input) : undefined;
  return yield* concludeAloud(run, about, () => runbook(run, input));
}

const aboutOf = ({ runId, source }: ImportInput) => ({
  kind: "import" as const,
  runId,
  subject: `${source.container}/${source.blob}`,
});

function* runbook(run: Run, input: ImportInput): Durable<ImportResult | HandedOver> {
  const landed = yield* stage(run, "landing", () => land(run, input));
  if (landed.state === "handed-over") return handOver(run, landed);
  const { disks, description } = landed;

  const judged = yield* stage(run, "doctor", () => judge(run, input, disks, description));
  const prepared = yield* stage(run, "mend", () => mendDisks(run, input, judged.disks));
  const image = yield* stage(run, "register", function* () {
    const order = orderOf(input, judged.image, prepared, description.tags);
    const made = yield* register(run, order, judged.facts, input.settings.registerMinutes);
    yield* confirmUnchanged(run, prepared, disks);
    return made;
  });
  const { version } = judged.facts;
  return { image, ...(version === undefined ? {} : { version }), ...shown(prepared) };
}

/** Durable allows a status of 16 KB. */
const DISKS_SHOWN = 16;

/** Where the prepared disks lay is told to nobody: they are gone when the run ends. */
const shown = (prepared: readonly PreparedDisk[]): Pick<ImportResult, "disks" | "moreDisks"> => ({
  disks: prepared.slice(0, DISKS_SHOWN).map((disk) => ({ ...disk, uri: undefined })),
  ...(prepared.length > DISKS_SHOWN ? { moreDisks: prepared.length - DISKS_SHOWN } : {}),
});

function handOver(run: Run, { handedTo, because }: HandedOver): HandedOver {
  for (const name of ["doctor", "mend", "register"]) skip(run, name, because);
  return { handedTo, because };
}

interface Judged {
  readonly disks: readonly (LandedDisk & { readonly report: DiskReport })[];
  readonly image: ImageDecision;
  readonly facts: TargetFacts;
}

/** Every disk's verdict, then what image they make, then whether it fits where it is to go. Nothing is made yet. */
function* judge(
  run: Run,
  { runId, source, settings }: ImportInput,
  disks: readonly LandedDisk[],
  description: ImageDescription,
): Durable<Judged> {
  const questions = disks.map(({ lun, drop }) => ({
    runId,
    lun,
    drop,
    purpose: lun < 0 ? ("any" as const) : ("data" as const),
  }));
  const reports = (yield* demandEach(run, examineDrop, questions)).map(valueOf);
  const [osDisk] = reports;
  if (osDisk === undefined) throw new Error("An image has an OS disk.");
  note(run, "doctor", {
    detail: reports.map(({ kind, verdict, codes }) => `${kind}, ${verdict}: ${codes.join(", ")}`).join("; "),
  });

  const decided = imageFrom(osDisk, description, { ...settings, runId, stem: stemOf(source.blob) });
  if (decided.status === "refused") throw refusal(decided);
  const image = decided.value;
  const facts = yield* demand(run, checkTarget, image);
  const blocks = blocking(facts.checks);
  if (blocks.length > 0)
    throw refusal({
      code: "TARGET_MISMATCH",
      message: blocks.map((check) => `${check.id}: ${check.detail}`).join(" "),
      remedy: blocks.map((check) => check.remedy ?? "").join(" "),
    });
  return {
    disks: disks.map((disk, index) => ({ ...disk, report: reports[index] as DiskReport })),
    image,
    facts,
  };
}

const orderOf = (
  { runId, settings }: ImportInput,
  image: ImageDecision,
  prepared: readonly PreparedDisk[],
  tags: ImageDescription["tags"],
): Omit<ImageOrder, "version"> => ({
  ...image,
  source: {
    from: "blobs",
    storageAccountId: settings.storageAccountId,
    disks: prepared.map(({ lun, uri, caching, sizeBytes }) => ({
      lun,
      uri,
      caching,
      sizeGb: Math.ceil(sizeBytes / 1024 ** 3),
    })),
  },
  tags: { ...tags, [RUN_TAG]: runId, [KIND_TAG]: "image" },
});
