/** Test boots by the real SDK against the Compute simulator: what is made, asked, found, promoted and removed. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const order = (change: Record<string, unknown> = {}) =>
  webCapture(cloud, { testBoot: true, limits: { registerMinutes: 600 }, ...change });

async function left(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name = "" } of cloud.client.disks.list()) names.push(name);
  for await (const { name = "" } of cloud.client.virtualMachines.listAll()) names.push(name);
  return names.filter((name) => name.startsWith("vmi-"));
}

describe("a capture with a test boot", () => {
  test.each(["generalized", "specialized"])(
    "of a %s image promotes the version that proved itself",
    async (state) => {
      const definitionId = `${cloud.id("galleries", "g")}/images/new`;
      const create = { publisher: "shop", offer: "web", sku: state };
      const board = await playCapture(
        cloud,
        order({ image: { kind: "vm-image", state }, target: { kind: "gallery", definitionId, create } }),
      );
      expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
      const { image } = board.result as { image: { id: string } };
      const [, gallery = "", definition = "", version = ""] =
        /galleries\/([^/]+)\/images\/([^/]+)\/versions\/(.+)$/.exec(image.id) ?? [];
      const made = await cloud.client.galleryImageVersions.get("rg", gallery, definition, version);
      expect(made.publishingProfile?.excludeFromLatest).toBe(false);
      expect(await left()).toEqual([]);
      const writes = await cloud.writes();
      const onVersion = writes
        .filter(({ resource }) => resource === image.id)
        .map(({ operation }) => operation);
      expect(onVersion).toEqual(["versions/put", "versions/update"]);
      const source = cloud.id("virtualMachines", "web");
      expect(writes.filter(({ resource }) => resource.startsWith(source))).toEqual([]);
    },
  );

  test("that finds what no image may contain removes the version, and reports the finding", async () => {
    await cloud.local("POST", "guests/web", {
      broughtAlong: { foreignHostKeys: ["ssh_host_rsa_key"], secrets: ["C:\\Users\\kim\\.ssh\\id_rsa"] },
    });
    const board = await playCapture(cloud, order());
    expect(board).toMatchObject({
      status: "failed",
      error: { code: "TEST_BOOT_FAILED", stage: "test-boot" },
      leftovers: [],
    });
    expect(await left()).toEqual([]);
  });

  test("whose VM Azure fails to provision says so, and removes the version", async () => {
    await cloud.local("POST", "scenarios", {
      match: { operation: "virtualMachines/put", nth: 2, times: 1 },
      act: {
        lroFail: {
          code: "OSProvisioningTimedOut",
          message: "OS Provisioning did not finish in the allotted time.",
        },
      },
    });
    const board = await playCapture(cloud, order());
    const excerpt = expect.stringContaining("login:") as string;
    expect(board).toMatchObject({
      status: "failed",
      error: { code: "TEST_BOOT_FAILED", excerpt },
      leftovers: [],
    });
    expect(JSON.stringify(board)).not.toContain("sig=");
    expect(await left()).toEqual([]);
  });
});
