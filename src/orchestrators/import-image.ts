/**
 * The import runbook: from a dropped file to an image. The file is never written to; what has to be different is
 * different in a page blob of ours, which goes when the image stands.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import type { HandedOver, ImportInput, ImportResult } from "../contracts/import-run.js";
import { IMPORT_STAGES } from "../contracts/import-run.js";
import type { ImageOrder, MadeImage } from "../domain/image-order.js";
import type { ImageDecision } from "../domain/import/image-from.js";
import type { ImageDescription, PreparedDisk } from "../domain/import/import-plan.js";
import { KIND_TAG, RUN_TAG } from "../domain/names.js";
import { abbreviateChecks } from "../domain/preflight.js";
import { testVmId, testVmSize } from "../domain/test-boot.js";
import { concludeAndAnnounce } from "./announce.js";
import type { Durable } from "./durable.js";
import { judge, testSubnet } from "./import-judgement.js";
import { land } from "./import-landing.js";
import { confirmUnchanged, mendDisks } from "./mend-disks.js";
import { register, versionOf } from "./register.js";
import type { Run } from "./run.js";
import { openRun, skip, stage } from "./run.js";
import type { TestBoot } from "./test-boot.js";
import { excludedFromLatest, testAndPromote } from "./test-boot.js";

export function* importImage(context: OrchestrationContext): Generator<Task, unknown> {
  const run = openRun(context, IMPORT_STAGES);
  const input = context.df.getInput<ImportInput>();
  const about = input.settings.announce ? aboutOf(input) : undefined;
  return yield* concludeAndAnnounce(run, about, () => runbook(run, input));
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

  const wanted = description.testBoot ?? input.settings.testBoot;
  const judged = yield* stage(run, "doctor", function* () {
    const verdict = yield* judge(run, input, disks, description);
    return { ...verdict, subnetId: wanted ? yield* testSubnet(run, input, verdict.image) : undefined };
  });
  const prepared = yield* stage(run, "mend", () => mendDisks(run, input, judged.disks));
  const image = yield* stage(run, "register", function* () {
    const { target } = judged.image;
    const decided = wanted ? { ...judged.image, target: excludedFromLatest(target) } : judged.image;
    const order = orderOf(input, decided, prepared, description.tags);
    const made = yield* register(run, order, judged.facts, input.settings.registerMinutes);
    yield* confirmUnchanged(run, prepared, disks);
    return made;
  });
  const boot =
    judged.subnetId === undefined ? undefined : testBootOf(input, judged.image, judged.subnetId, image);
  const checks = yield* testAndPromote(run, judged.image.target, boot);
  return {
    image,
    ...versionOf(image),
    ...(wanted ? { checks: abbreviateChecks(checks, CHECKS_CHARS) } : {}),
    ...shown(prepared),
  };
}

/** Durable allows a status of 16 KB. */
const DISKS_SHOWN = 16;
const CHECKS_CHARS = 3000;

/** Where the prepared disks lay is told to nobody: they are gone when the run ends. */
const shown = (prepared: readonly PreparedDisk[]): Pick<ImportResult, "disks" | "moreDisks"> => ({
  disks: prepared.slice(0, DISKS_SHOWN).map((disk) => ({ ...disk, uri: undefined })),
  ...(prepared.length > DISKS_SHOWN ? { moreDisks: prepared.length - DISKS_SHOWN } : {}),
});

const testBootOf = (
  { runId }: ImportInput,
  { location, state, traits }: ImageDecision,
  subnetId: string,
  image: MadeImage,
): TestBoot => ({
  runId,
  vmId: testVmId(image.id, runId),
  image,
  location,
  size: testVmSize(traits),
  state,
  traits,
  keepUsers: [],
  subnetId,
  tags: { [RUN_TAG]: runId, [KIND_TAG]: "work" },
});

function handOver(run: Run, { handedTo, because }: HandedOver): HandedOver {
  for (const name of ["doctor", "mend", "register", "test-boot", "promote"]) skip(run, name, because);
  return { handedTo, because };
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
