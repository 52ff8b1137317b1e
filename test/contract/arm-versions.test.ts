/** Two runs that count on in one image definition: each gets a number of its own, and neither touches the other's. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, webCapture } from "../support/arm-web.js";
import { runOrchestration } from "../support/run-orchestration.js";

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const THEIRS = { "vmimage-run": "another", "vmimage-kind": "image" };

async function makeTheirs(version: string): Promise<void> {
  const vm = await cloud.client.virtualMachines.get("rg", "web");
  const source = { id: vm.storageProfile?.osDisk?.managedDisk?.id ?? "" };
  const made = cloud.client.galleryImageVersions.createOrUpdate("rg", "g", "web", version, {
    location: "westeurope",
    tags: THEIRS,
    storageProfile: { osDiskImage: { source } },
  });
  await made.submitted();
}

/** Another run makes these versions after this one's preflight, and before it registers its own. */
async function captureWhile(versions: readonly string[], target: Record<string, unknown> = {}) {
  const input = webCapture(cloud);
  const activities = cloud.activities();
  const outcome = await runOrchestration(captureImage, {
    input: {
      ...input,
      request: { ...input.request, target: { ...input.request.target, ...target } } as never,
    },
    activities: {
      ...activities,
      markGeneralized: async (order, call) => {
        for (const version of versions) await makeTheirs(version);
        return activities["markGeneralized"]!(order, call);
      },
    },
  });
  return outcome.customStatus as Board;
}

const tagsOf = async (version: string) =>
  (await cloud.client.galleryImageVersions.get("rg", "g", "web", version)).tags?.["vmimage-run"];

describe("a version that another run takes in the meantime", () => {
  test("is left to it, and the next free one is created", { timeout: 60_000 }, async () => {
    const board = await captureWhile(["1.0.0", "1.0.1"]);
    expect(board).toMatchObject({ status: "succeeded", leftovers: [], result: { version: "1.0.2" } });
    expect(await Promise.all(["1.0.0", "1.0.1", "1.0.2"].map(tagsOf))).toEqual([
      "another",
      "another",
      "run-1",
    ]);
  });

  test(
    "ends a run that asked for exactly it, which removes nothing of the other's",
    { timeout: 60_000 },
    async () => {
      const board = await captureWhile(["1.0.0"], { version: "1.0.0" });
      expect(board).toMatchObject({
        status: "refused",
        error: { code: "TARGET_EXISTS", stage: "register" },
        leftovers: [],
      });
      expect(await tagsOf("1.0.0")).toBe("another");
      const removals = (await cloud.writes()).filter(({ operation }) => operation === "versions/delete");
      expect(removals).toEqual([]);
    },
  );
});
