/** Every disk's verdict, then what image they make, then whether it fits where it is to go. Nothing is made yet. */
import { surveyAzure } from "../contracts/capture-activities.js";
import { checkTarget } from "../contracts/image-activities.js";
import { examineDrop } from "../contracts/import-activities.js";
import type { ImportInput } from "../contracts/import-run.js";
import type { TargetFacts } from "../domain/image-order.js";
import { stemOf } from "../domain/import/drop.js";
import { imageFrom, type ImageDecision } from "../domain/import/image-from.js";
import type { DiskReport, ImageDescription, LandedDisk } from "../domain/import/import-plan.js";
import { pairs } from "../domain/pairs.js";
import { blockedBy, blocking } from "../domain/preflight.js";
import { inSubscription, subscriptionIdOf } from "../domain/resource-id.js";
import { targetId } from "../domain/survey.js";
import { chosenSubnet, judgeSubnets } from "../domain/work-subnet.js";
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
      ...blockedBy(blocks),
    });
  return {
    disks: pairs(disks, reports).map(([disk, report]) => ({ ...disk, report })),
    image,
    facts,
  };
}

/** The subnet of the test boot, chosen before a byte is moved: a refusal comes now and not hours later. */
export function* testSubnet(
  run: Run,
  { settings: { workSubnetIds: subnetIds } }: ImportInput,
  { location, target }: ImageDecision,
): Durable<string> {
  const subscriptionId = subscriptionIdOf(targetId(target));
  const questions = inSubscription(subscriptionId, subnetIds).map((subnetId) => ({
    ask: "subnet" as const,
    subnetId,
  }));
  const answers = (yield* callEach(run, surveyAzure, questions)).map(valueOf);
  const asked = answers.filter((answer) => answer.ask === "subnet");
  const spec = { subscriptionId, location, subnetIds, addresses: 1 };
  const { verdict, detail, remedy = "" } = judgeSubnets(spec, asked);
  const chosen = chosenSubnet(location, asked);
  if (verdict === "block" || chosen === undefined)
    throw refusal({ code: "INVALID_REQUEST", message: `testBoot: ${detail}`, remedy });
  return chosen.subnetId;
}
