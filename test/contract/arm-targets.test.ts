/** A pipeline whose settings name where images may go, in the simulated Azure: requests for other places. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CaptureDryRun } from "../../src/contracts/capture-run.js";
import { DEFAULT_SUBSCRIPTION } from "../../src/local/compute/seed.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

const GALLERY = `/subscriptions/${DEFAULT_SUBSCRIPTION}/resourceGroups/RG/providers/Microsoft.Compute/galleries/G`;

let cloud: Cloud;
beforeAll(async () => (cloud = await openCloud(WEB_SEED, undefined, [GALLERY])));
afterAll(() => cloud.close());

const elsewhere = () => ({ target: { kind: "managed-image", imageId: cloud.id("images", "web") } });

test("a capture to another target is refused before anything is created, and a dry run says why", async () => {
  const dry = await playCapture(cloud, webCapture(cloud, { ...elsewhere(), dryRun: true }));
  const checks = (dry.result as CaptureDryRun).checks.filter(({ id }) => id === "target-allowed");
  expect(checks).toMatchObject([
    { verdict: "block", remedy: expect.stringContaining("ALLOWED_TARGETS") as unknown },
  ]);
  const board = await playCapture(cloud, webCapture(cloud, elsewhere()));
  expect(board).toMatchObject({
    status: "refused",
    error: { code: "VM_NOT_CAPTURABLE", stage: "preflight" },
  });
  expect(board.error?.message).toContain("target-allowed: This pipeline is not allowed to publish to");
  expect(
    (await cloud.writes()).filter(({ operation }) => operation !== "virtualMachines/runCommand"),
  ).toEqual([]);
});

test("a capture to the allowed target is not refused, whatever the case of its id", async () => {
  expect(await playCapture(cloud, webCapture(cloud))).toMatchObject({ status: "succeeded" });
});
