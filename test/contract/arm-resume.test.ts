/** Failed captures gone on with, by the real SDK against the Compute simulator: what is made once, and what anew. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";
import type { ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

const RESUMED = { runId: "run-1.2", resumes: "run-1", formerRuns: ["run-1"] };

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

describe("a capture that failed and is resumed", () => {
  const failOnce = (operation: string) =>
    cloud.local("POST", "scenarios", {
      match: { operation, nth: 1, times: 1 },
      act: { lroFail: { code: "InternalExecutionError", message: "An internal execution error occurred." } },
    });

  test.each([
    ["restorePoints/put", "backup"],
    ["disks/put", "clone"],
    ["virtualMachines/put", "clone"],
    ["virtualMachines/deallocate", "deallocate"],
    ["versions/put", "register"],
  ])(
    "after Azure failed %s makes each thing that was sound once, and leaves the source alone",
    async (operation, stage) => {
      await failOnce(operation);
      const input = webCapture(cloud, { onFailure: "keep-for-resume", limits: { registerMinutes: 600 } });
      const first = await playCapture(cloud, input);
      expect(first).toMatchObject({ status: "failed", error: { stage } });
      await cloud.local("DELETE", "scenarios");
      const second = await playCapture(cloud, { ...input, ...RESUMED });
      expect(second).toMatchObject({ status: "succeeded", leftovers: [] });

      const writes = await cloud.writes();
      const sent = writes.filter(
        ({ method, status, resource }) => method === "PUT" && status < 300 && !/runCommands/.test(resource),
      );
      const twice = sent.filter(
        ({ resource }, index) => sent.findIndex((one) => one.resource === resource) !== index,
      );
      // What Azure failed is made again, and the disks that go with a working VM; a collection is only a name.
      const again = [
        operation,
        "restorePointCollections/put",
        ...(operation === "virtualMachines/put" ? ["disks/put"] : []),
      ];
      expect(twice.filter(({ operation: name }) => !again.includes(name))).toEqual([]);
      const source = cloud.id("virtualMachines", "web");
      expect(writes.filter(({ resource }) => resource.startsWith(source))).toEqual([]);
      const left = [];
      for await (const disk of cloud.client.disks.list()) left.push(disk.name ?? "");
      expect(left.filter((name) => name.startsWith("vmi-"))).toEqual([]);
    },
  );

  test("needs no source VM any more once its backup is proved", async () => {
    await failOnce("disks/put");
    const input = webCapture(cloud, { onFailure: "keep-for-resume" });
    expect(await playCapture(cloud, input)).toMatchObject({ status: "failed", error: { stage: "clone" } });
    await cloud.client.virtualMachines.delete("rg", "web").submitted();
    await cloud.passTo(cloud.now() + 3_600_000);
    const second = await playCapture(cloud, { ...input, ...RESUMED });
    expect(second).toMatchObject({ status: "succeeded", leftovers: [] });
  });
});

describe("a capture in place whose last stage failed", () => {
  const vm = () => cloud.client.virtualMachines.get("rg", "web", { expand: "instanceView" });
  const disks = async () => {
    const found = [];
    for await (const { name = "", managedBy } of cloud.client.disks.list()) found.push({ name, managedBy });
    return found;
  };
  const version = () => cloud.client.galleryImageVersions.get("rg", "g", "web", "1.0.0");

  /** The act fails for good, before its effect or after it; the next run meets none of that. */
  async function failedAt(sourceAfter: string, act: string, when: "before" | "after") {
    // Of a network interface and the OS disk it is said that they go with their VM.
    const { storageProfile, networkProfile } = await vm();
    const going = { deleteOption: "Delete" };
    await cloud.client.virtualMachines
      .update("rg", "web", {
        storageProfile: { osDisk: { ...storageProfile?.osDisk, ...going } },
        networkProfile: { networkInterfaces: [{ ...networkProfile?.networkInterfaces?.[0], ...going }] },
      } as never)
      .submitted();
    await cloud.passTo(cloud.now() + 60_000);
    const input = webCapture(cloud, { mode: "in-place", sourceAfter, onFailure: "keep-for-resume" });
    const activities = cloud.activities();
    const failing: ScriptedActivity = async (order, call) => {
      if (/runCommands/.test(JSON.stringify(order))) return activities[act]!(order, call);
      if (when === "after") await activities[act]!(order, call);
      throw new Error("Azure is down");
    };
    const { customStatus } = await runOrchestration(captureImage, {
      input,
      activities: { ...activities, [act]: failing },
    });
    expect(customStatus).toMatchObject({ status: "failed", error: { stage: "source" } });
    return playCapture(cloud, { ...input, ...RESUMED });
  }

  test.each([
    ["removeSourceVmStart", "after"],
    ["removeSourceVmAsk", "before"],
    ["removeResourceStart", "before"],
  ] as const)(
    "is gone on with to the end: the source is deleted, after %s failed %s its effect",
    async (act, when) => {
      expect(await failedAt("delete", act, when)).toMatchObject({
        status: "succeeded",
        leftovers: [],
        result: { source: { state: "deleted" } },
      });
      await expect(vm()).rejects.toMatchObject({ statusCode: 404 });
      expect(await cloud.network(cloud.networkId("networkInterfaces", "web-nic"))).toBeUndefined();
      expect((await disks()).map(({ name }) => name)).toEqual(["web_data_0", "web_data_3", "web_data_7"]);
      expect((await version()).provisioningState).toBe("Succeeded");
    },
  );

  test.each([
    ["restoreDiskAsk", "before"],
    ["restoreVmStart", "before"],
    ["restoreVmStart", "after"],
    ["startVmStart", "before"],
  ] as const)(
    "is gone on with to the end: the source is made again, after %s failed %s its effect",
    async (act, when) => {
      const board = await failedAt("restore", act, when);
      expect(board).toMatchObject({
        status: "succeeded",
        leftovers: [],
        result: { source: { state: "restored" } },
      });
      const { source } = board.result as { source: { replacedDisks: readonly string[] } };
      expect(source.replacedDisks.map((id) => /\/disks\/web_/.test(id))).toEqual([true, true, true, true]);
      const { instanceView, storageProfile } = await vm();
      expect(instanceView?.statuses?.map(({ code }) => code)).toContain("PowerState/running");
      expect(storageProfile?.osDisk?.name).toMatch(/^vmi-restore-/);
      const made = (await disks()).filter(({ name }) => name.startsWith("vmi-restore-"));
      expect(made).toHaveLength(4);
      expect(made.filter(({ managedBy }) => managedBy === undefined)).toEqual([]);
      expect((await version()).provisioningState).toBe("Succeeded");
    },
  );

  test("leaves none of its run commands in the source, whichever run created them", async () => {
    await cloud.local("POST", "scenarios", {
      match: { operation: "versions/put", times: 1 },
      act: { lroFail: { code: "InternalExecutionError", message: "no" } },
    });
    const input = webCapture(cloud, { mode: "in-place", onFailure: "keep-for-resume" });
    expect(await playCapture(cloud, input)).toMatchObject({ status: "failed" });
    const commands = async () => {
      const names = [];
      for await (const { name } of cloud.client.virtualMachineRunCommands.listByVirtualMachine("rg", "web"))
        names.push(name);
      return names;
    };
    expect(await commands()).toHaveLength(2);
    expect(await playCapture(cloud, { ...input, ...RESUMED })).toMatchObject({ status: "succeeded" });
    expect(await commands()).toEqual([]);
  });
});
