/** Failed captures gone on with, by the real SDK against the Compute simulator: what is made once, and what anew. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

const RESUMED = { runId: "run-1.2", resumes: "run-1", formerRuns: ["run-1"] };

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

describe("a capture that failed and is gone on with", () => {
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
});
