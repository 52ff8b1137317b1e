/** Every disk's verdict, then what image they make, then whether it fits where it is to go. Nothing is made yet. */
import { checkTarget } from "../contracts/image-activities.js";
import { examineDrop } from "../contracts/import-activities.js";
import type { ImportInput } from "../contracts/import-run.js";
import type { TargetFacts } from "../domain/image-order.js";
import { stemOf } from "../domain/import/drop.js";
import { imageFrom, type ImageDecision } from "../domain/import/image-from.js";
import type { DiskReport, ImageDescription, LandedDisk } from "../domain/import/import-plan.js";
import { pairs } from "../domain/pairs.js";
import { blocking } from "../domain/preflight.js";
import { call, callEach, valueOf } from "./call.js";
import type { Durable } from "./durable.js";
import type { Run } from "./run.js";
import { note, refusal } from "./run.js";

export interface Judged {
  readonly disks: readonly (LandedDisk & { readonly report: DiskReport })[];
  readonly image: ImageDecision;
  readonly facts: TargetFacts;
}

export function* judge(
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
  const reports = (yield* callEach(run, examineDrop, questions)).map(valueOf);
  const [osDisk] = reports;
  if (osDisk === undefined) throw new Error("An image has an OS disk.");
  note(run, "doctor", {
    detail: reports.map(({ kind, verdict, codes }) => `${kind}, ${verdict}: ${codes.join(", ")}`).join("; "),
  });

  const decided = imageFrom(osDisk, description, { ...settings, runId, stem: stemOf(source.blob) });
  if (decided.status === "refused") throw refusal(decided);
  const image = decided.value;
  const facts = yield* call(run, checkTarget, image);
  const blocks = blocking(facts.checks);
  if (blocks.length > 0)
    throw refusal({
      code: "TARGET_MISMATCH",
      message: blocks.map((check) => `${check.id}: ${check.detail}`).join(" "),
      remedy: blocks.map((check) => check.remedy ?? "").join(" "),
    });
  return {
    disks: pairs(disks, reports).map(([disk, report]) => ({ ...disk, report })),
    image,
    facts,
  };
}
