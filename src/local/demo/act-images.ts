/** First act: a dropped disk and two capture requests, each to its image; then what is in the images. */
import { setTimeout as sleep } from "node:timers/promises";
import { IMAGE_GROUP, definitionId, linuxVm, vmId, windowsDefinition, windowsVm } from "../cloud/seed.js";
import { drop, send } from "./clients.js";
import type { ImageDisk, ImageFacts } from "./images.js";
import { differences, diskName, readImage } from "./images.js";
import { progressOn } from "./progress.js";
import type { RunDocument } from "./runs.js";
import { watchRuns } from "./runs.js";
import type { Stage } from "./stage.js";
import { RUNS_END_WITHIN_MS, captureRun, importRun, say } from "./stage.js";
import { table } from "./table.js";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const DROPPED_STEM = "debian-13";

interface Wanted {
  readonly label: string;
  readonly expected: Partial<ImageFacts>;
}

interface SeededVm {
  readonly name: string;
  readonly osDisk: { readonly sizeGb: number; readonly caching: string };
  readonly dataDisks: readonly { readonly lun: number; readonly sizeGb: number; readonly caching: string }[];
}

const osDiskOf = ({ osDisk }: SeededVm): ImageDisk => ({
  lun: -1,
  sizeGib: osDisk.sizeGb,
  caching: osDisk.caching,
});
const allDisksOf = (vm: SeededVm): ImageDisk[] => [
  osDiskOf(vm),
  ...vm.dataDisks.map(({ lun, sizeGb, caching }) => ({ lun, sizeGib: sizeGb, caching })),
];

const sealed = { state: "Generalized", generation: "V2" };

/** Drops, posts, watches, reads back. Returns the id of the image that was made of the dropped disk. */
export async function makeImages(stage: Stage, killHostAfterSeconds?: number): Promise<string | undefined> {
  const { disk } = stage;
  const imported = `${DROPPED_STEM}.vhd`;
  const wanted = {
    drop: {
      label: `import ${imported}`,
      expected: {
        ...sealed,
        osType: "Linux",
        ready: "Succeeded",
      },
    },
    windows: {
      label: `VM image ${windowsVm.name}`,
      expected: {
        ...sealed,
        osType: windowsVm.osType,
        ready: "Succeeded, replication Completed, may be the latest",
        disks: allDisksOf(windowsVm),
      },
    },
    linux: {
      label: `OS image ${linuxVm.name}`,
      expected: { ...sealed, osType: linuxVm.osType, ready: "Succeeded", disks: [osDiskOf(linuxVm)] },
    },
  } satisfies Record<string, Wanted>;

  await post(stage);
  say(
    stage,
    `Dropping ${imported}: a dynamic VHD of ${Math.round(disk.vhd.fileBytes / MIB)} MiB, made on the way; the disk in it has ${disk.sizeBytes / GIB} GiB.`,
    "",
  );
  if (killHostAfterSeconds !== undefined) void killHostAfter(stage, killHostAfterSeconds);
  const [ended] = await Promise.all([
    watchRuns(
      [
        captureRun(stage, "demo-windows", wanted.windows.label),
        captureRun(stage, "demo-linux", wanted.linux.label),
        importRun(stage, DROPPED_STEM, wanted.drop.label),
      ],
      progressOn(stage.screen, () => Date.now()).show,
      RUNS_END_WITHIN_MS,
    ),
    drop(stage.environment.connections, stage.dropContainer, imported, disk.vhd.stream()),
  ]);
  return readBack(stage, ended, Object.values(wanted), wanted.drop.label);
}

async function post(stage: Stage): Promise<void> {
  const { connections } = stage.environment;
  const { subscriptionId } = connections;
  const requests = [
    {
      requestId: "demo-windows",
      sourceVmId: vmId(subscriptionId, windowsVm.name),
      image: { kind: "vm-image" },
      target: {
        kind: "gallery",
        definitionId: definitionId(subscriptionId, windowsDefinition),
        version: "1.0.0",
      },
      testBoot: true,
    },
    {
      requestId: "demo-linux",
      sourceVmId: vmId(subscriptionId, linuxVm.name),
      image: { kind: "os-image" },
      target: {
        kind: "managed-image",
        imageId: `/subscriptions/${subscriptionId}/resourceGroups/${IMAGE_GROUP}/providers/Microsoft.Compute/images/linux-app-os`,
      },
    },
  ];
  await send(
    connections,
    stage.captureQueue,
    requests.map((body) => ({ messageId: body.requestId, body })),
  );
  say(
    stage,
    `Posted to the queue ${stage.captureQueue}: a VM image of ${windowsVm.name} (Windows, ${windowsVm.dataDisks.length} data disks), which must boot before it is the latest, and an OS image of ${linuxVm.name}.`,
  );
}

async function killHostAfter(stage: Stage, seconds: number): Promise<void> {
  await sleep(seconds * 1000);
  stage.environment.killHost();
}

async function readBack(
  stage: Stage,
  ended: ReadonlyMap<string, RunDocument>,
  wanted: readonly Wanted[],
  droppedLabel: string,
): Promise<string | undefined> {
  const pages: string[] = [];
  let droppedImageId: string | undefined;
  for (const { label, expected } of wanted) {
    const run = ended.get(label);
    const imageId = (run?.result as { image?: { id?: string } } | undefined)?.image?.id;
    if (run?.status !== "succeeded" || imageId === undefined) {
      const { code = "no code", message = "", remedy = "" } = run?.error ?? {};
      stage.problems.push(`${label}: ${run?.status ?? "not seen"} (${code}). ${message} ${remedy}`.trimEnd());
      continue;
    }
    for (const { resource, reason } of run.leftovers)
      stage.problems.push(`${label}: left ${resource}: ${reason}`);
    const found = await readImage(stage.compute, imageId);
    const { disks: expectedDisks } = expected;
    const facts = expectedDisks === undefined ? withDropSize(stage, found, label) : [];
    stage.problems.push(...facts, ...differences(label, expected, found));
    pages.push("", ...imagePage(imageId, found));
    if (label === droppedLabel) droppedImageId = imageId;
  }
  say(stage, "", "Read back with @azure/arm-compute:", ...pages, "");
  return droppedImageId;
}

function imagePage(id: string, { osType, generation, state, ready, disks }: ImageFacts): string[] {
  const rows = disks.map(({ lun, sizeGib, caching }) => [diskName(lun), String(sizeGib), caching]);
  return [
    `  ${shortName(id)}`,
    `    ${osType} ${generation}, ${state}, ${ready}`,
    ...table(["disk", "GiB", "caching"], rows).map((line) => `    ${line}`),
  ];
}

/** The size is the dropped disk's; the caching is nobody's but the pipeline's own choice. */
function withDropSize({ disk }: Stage, found: ImageFacts, label: string): string[] {
  const [osDisk] = found.disks;
  const disks = [{ lun: -1, sizeGib: disk.sizeBytes / GIB, caching: osDisk?.caching ?? "" }];
  return differences(label, { disks }, found);
}

/** `gallery/windows-app/1.0.0`, or the name of a managed image. */
const shortName = (id: string): string =>
  id.replace(/^.*\/Microsoft\.Compute\//i, "").replaceAll(/(galleries|images|versions)\//gi, "");
