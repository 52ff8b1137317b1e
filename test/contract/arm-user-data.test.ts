/** A VM's user data may hold secrets: the restored VM has them again, and nothing else ever had them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, webCapture } from "../support/arm-web.js";
import { runOrchestration } from "../support/run-orchestration.js";

const SECRET = Buffer.from("#cloud-config\npassword: hunter2").toString("base64");

let cloud: Cloud;
beforeAll(async () => (cloud = await openCloud(WEB_SEED)));
afterAll(() => cloud.close());

const withUserData = (name: string) => cloud.client.virtualMachines.get("rg", name, { expand: "userData" });

test("user data goes from the source VM to the restored one, and into no clone, history or status", async () => {
  await cloud.client.virtualMachines.update("rg", "web", { userData: SECRET }).submitted();
  await cloud.passTo(cloud.now() + 60_000);
  const activities = cloud.activities();
  const clones: unknown[] = [];
  const captured = await runOrchestration(captureImage, {
    input: webCapture(cloud),
    activities: {
      ...activities,
      startSeal: async (order: { vmId: string }, call) => {
        clones.push(await withUserData(order.vmId.split("/").at(-1) ?? ""));
        return activities["startSeal"]?.(order as never, call);
      },
    },
  });
  const restored = await runOrchestration(restoreSource, {
    input: { runId: "run-1", captureId: "run-1" },
    activities: cloud.activities(),
  });
  expect(restored.customStatus).toMatchObject({ status: "succeeded" });
  expect((await withUserData("web")).userData).toBe(SECRET);
  expect(clones).toMatchObject([{ provisioningState: "Succeeded" }]);
  expect(JSON.stringify([clones, captured.history, restored.history])).not.toContain(SECRET);
});
