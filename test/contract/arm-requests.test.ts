/**
 * No activity is longer than a request or two: whole runs over the real adapters, Azurite and the Compute simulator,
 * with every request counted that leaves an activity, by its execution.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blobRunStore } from "../../src/adapters/blob/blob-run-store.js";
import { blobSealMarkers } from "../../src/adapters/blob/blob-seal-markers.js";
import { blobVmHolds } from "../../src/adapters/blob/blob-vm-holds.js";
import type { Board } from "../../src/domain/stages.js";
import { startAzurite } from "../../src/local/storage/azurite.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import type { Cloud, Stores } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, webCapture } from "../support/arm-web.js";
import type { ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

/** What an execution may ask of Azure in all, Resource Manager and storage together. */
const BOUND = 2;

/** By execution of an activity. */
const asked = new Map<string, string[]>();
let execution = "none";
const count = (message: unknown) => {
  const { request } = message as { request: ClientRequest };
  const line = `${request.method} ${request.path.replace(/\?.*/, "")}`;
  asked.set(execution, [...(asked.get(execution) ?? []), line]);
};

let azurite: Awaited<ReturnType<typeof startAzurite>>;
beforeAll(async () => (azurite = await startAzurite({ log: () => undefined })));
afterAll(() => azurite.stop());

let cloud: Cloud;
let nthStore = 0;
beforeEach(async () => {
  cloud = await openCloud(WEB_SEED, await realStores());
  asked.clear();
  subscribe("http.client.request.start", count);
});
afterEach(async () => {
  unsubscribe("http.client.request.start", count);
  await cloud.close();
});

async function realStores(): Promise<Stores> {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const container = `runs-${++nthStore}`;
  await service.getContainerClient(container).create();
  return {
    runs: blobRunStore(service, container),
    holds: blobVmHolds(service, container),
    markers: blobSealMarkers(service, container),
    close: () => Promise.resolve(),
  };
}

/** The same activities; executions of a scripted run are one at a time, so each request is its own's. */
function counted(): Record<string, ScriptedActivity> {
  let nth = 0;
  return Object.fromEntries(
    Object.entries(cloud.activities()).map(([name, act]): [string, ScriptedActivity] => [
      name,
      async (input, call) => {
        execution = `${name} #${++nth}`;
        try {
          return await act(input, call);
        } finally {
          execution = "none";
        }
      },
    ]),
  );
}

const capture = async (input: CaptureInput) =>
  (await runOrchestration(captureImage, { input, activities: counted() })).customStatus as Board;

const tooLong = () => [...asked].filter(([name, lines]) => name !== "none" && lines.length > BOUND);

const LONG = 60_000;

describe("an execution sends at most two requests to Azure", () => {
  test("in a clone-mode capture that waits in line first", { timeout: LONG }, async () => {
    const input = webCapture(cloud);
    await cloud.holds.hold(input.request.sourceVmId, "another");
    const activities = counted();
    const held = activities["holdVm"]!;
    const outcome = await runOrchestration(captureImage, {
      input,
      activities: {
        ...activities,
        holdVm: async (order, call) => {
          if (call.nth === 1) await cloud.holds.release(input.request.sourceVmId, "another");
          return held(order, call);
        },
      },
    });
    expect(outcome.customStatus).toMatchObject({ status: "succeeded" });
    expect(tooLong()).toEqual([]);
    expect(asked.size).toBeGreaterThan(80);
  });

  test("in an in-place capture with snapshots that restores its source", { timeout: LONG }, async () => {
    const more = { mode: "in-place", sourceAfter: "restore", backup: { kind: "snapshots" } };
    expect(await capture(webCapture(cloud, more))).toMatchObject({ status: "succeeded" });
    const restored = await runOrchestration(restoreSource, {
      input: { runId: "run-1.2", captureId: "run-1" },
      activities: counted(),
    });
    expect(restored.customStatus).toMatchObject({ status: "succeeded" });
    expect(tooLong()).toEqual([]);
  });

  test("in a capture that fails and is resumed", { timeout: LONG }, async () => {
    await cloud.local("POST", "scenarios", {
      match: { operation: "versions/put", times: 1 },
      act: { lroFail: { code: "InternalExecutionError", message: "no" } },
    });
    const input = webCapture(cloud, { onFailure: "keep-for-resume" });
    expect(await capture(input)).toMatchObject({ status: "failed", error: { stage: "register" } });
    const again = { ...input, runId: "run-1.2", resumes: "run-1", formerRuns: ["run-1"] };
    expect(await capture(again)).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(tooLong()).toEqual([]);
  });
});
