/** Second act: what cannot become an image says why, hurts nobody, and does not stand in the way of what comes next. */
import { BlobServiceClient } from "@azure/storage-blob";
import { definitionId, linuxDefinition, linuxVm, vmId } from "../cloud/seed.js";
import { drop, send } from "./clients.js";
import { progressOn } from "./progress.js";
import { watchRuns } from "./runs.js";
import type { Stage } from "./stage.js";
import { RUNS_END_WITHIN_MS, captureRun, importRun, say } from "./stage.js";

const NOT_A_DISK = Buffer.from("These are the holiday pictures, and the name is a mistake.\n".repeat(1000));

export async function refuse(stage: Stage): Promise<void> {
  const { connections } = stage.environment;
  const { subscriptionId } = connections;
  const blob = BlobServiceClient.fromConnectionString(connections.storage.connectionString)
    .getContainerClient(stage.dropContainer)
    .getBlobClient("holiday.vhd");
  const target = { kind: "gallery", definitionId: definitionId(subscriptionId, linuxDefinition) };
  const request = { sourceVmId: vmId(subscriptionId, linuxVm.name), target };

  await drop(connections, stage.dropContainer, "holiday.vhd", [NOT_A_DISK]);
  const { etag } = await blob.getProperties();
  await send(connections, stage.captureQueue, [
    { messageId: "demo-not-json", body: Buffer.from('{"sourceVmId": ') },
    { messageId: "demo-no-target", body: { sourceVmId: request.sourceVmId } },
    { messageId: "demo-no-such-vm", body: { ...request, sourceVmId: vmId(subscriptionId, "nobody") } },
    { messageId: "demo-dry-run", body: { ...request, dryRun: true } },
  ]);

  const refused = {
    "not JSON": captureRun(stage, "demo-not-json", "not JSON"),
    "lacks its target": captureRun(stage, "demo-no-target", "lacks its target"),
    "no such VM": captureRun(stage, "demo-no-such-vm", "no such VM"),
    "a .vhd that is none": importRun(stage, "holiday", "a .vhd that is none"),
  };
  const afterwards = captureRun(stage, "demo-dry-run", "a good one after them");
  const ended = await watchRuns(
    [...Object.values(refused), afterwards],
    progressOn(stage.screen, () => Date.now()).show,
    RUNS_END_WITHIN_MS,
  );

  say(stage, "");
  for (const { label } of Object.values(refused)) {
    const run = ended.get(label);
    if (run?.status !== "refused" || run.error === undefined || run.error.remedy === "")
      stage.problems.push(
        `${label}: should be refused with a code and a remedy, but is ${JSON.stringify(run)}.`,
      );
    else {
      const { code, message, remedy } = run.error;
      say(stage, `${label}: refused, ${code}`, ...indented(message), ...indented(remedy));
    }
  }
  const good = ended.get(afterwards.label);
  if (good?.status !== "succeeded")
    stage.problems.push(`${afterwards.label}: should succeed, but is ${JSON.stringify(good)}.`);
  const now = await blob.getProperties();
  if (now.etag !== etag || now.contentLength !== NOT_A_DISK.length)
    stage.problems.push("holiday.vhd: was changed, but a refused file must be left as it is.");
}

const indented = (text: string): string[] => text.split("\n").map((line) => `    ${line}`);
