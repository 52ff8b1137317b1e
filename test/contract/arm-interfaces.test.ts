/** What captures and restores do with network interfaces, with the real SDK against the Compute simulator. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";
import { runOrchestration } from "../support/run-orchestration.js";

interface Nic {
  readonly id: string;
  readonly properties: {
    readonly resourceGuid: string;
    readonly virtualMachine?: { readonly id: string };
    readonly ipConfigurations: readonly {
      readonly properties: { readonly privateIPAddress: string; readonly subnet: { readonly id: string } };
    }[];
  };
}

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const nicId = () => cloud.networkId("networkInterfaces", "web-nic");
const nic = () => cloud.network<Nic>(nicId());
const nics = async () => {
  const path = nicId().slice(0, nicId().lastIndexOf("/"));
  const list = await cloud.network<{ value: Nic[] }>(path);
  return list?.value.map(({ id }) => id) ?? [];
};
const capture = (more?: Record<string, unknown>) => playCapture(cloud, webCapture(cloud, more));
const restore = async () => {
  const { customStatus } = await runOrchestration(restoreSource, {
    input: { runId: "run-1", captureId: "run-1" },
    activities: cloud.activities(),
  });
  return customStatus;
};
const follow = async (deleteOption: "Delete" | "Detach") => {
  const networkProfile = { networkInterfaces: [{ id: nicId(), deleteOption }] };
  await cloud.client.virtualMachines.update("rg", "web", { networkProfile }).submitted();
  await cloud.passTo(cloud.now() + 60_000);
};

describe("the network interface", () => {
  test("of the working VM is in the isolated subnet, without a public address, and is removed after the run", async () => {
    const before = await nics();
    expect(await capture()).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(await nics()).toEqual(before);
    const { writes } = (await cloud.local("GET", "writes")) as {
      writes: { operation: string; resource: string; body: unknown }[];
    };
    const made = writes.find(({ operation }) => operation === "virtualMachines/put");
    const profile = JSON.stringify(made?.body);
    expect(profile).toContain(cloud.networkId("virtualNetworks", "isolated/subnets/work"));
    expect(profile).not.toContain("publicIPAddress");
  });

  test.each(["Delete", "Detach"] as const)(
    "of a source that is restored after a capture in place is the same one, though it was to %s",
    async (deleteOption) => {
      await follow(deleteOption);
      const before = await nic();
      expect(await capture({ mode: "in-place" })).toMatchObject({ status: "succeeded" });
      expect(await restore()).toMatchObject({ status: "succeeded" });
      // Its number, address and VM: the card that the network knows.
      expect(await nic()).toEqual(before);
      const { networkProfile } = await cloud.client.virtualMachines.get("rg", "web");
      expect(networkProfile?.networkInterfaces).toMatchObject([{ id: nicId(), deleteOption }]);
    },
  );

  test("of a deleted source is deleted too if its VM says so", async () => {
    await follow("Delete");
    expect(await capture({ mode: "in-place", sourceAfter: "delete" })).toMatchObject({
      status: "succeeded",
      result: { source: { state: "deleted" } },
      leftovers: [],
    });
    expect(await nics()).toEqual([]);
  });

  test("of a deleted source stays, detached, if its VM says so", async () => {
    await follow("Detach");
    expect(await capture({ mode: "in-place", sourceAfter: "delete" })).toMatchObject({
      status: "succeeded",
      result: { source: { state: "deleted" } },
      leftovers: [],
    });
    expect(await nics()).toEqual([nicId()]);
    expect((await nic())?.properties.virtualMachine).toBeUndefined();
  });

  test("a missing work subnet refuses the clone before the source is touched", async () => {
    const input = webCapture(cloud);
    const board = await playCapture(cloud, {
      ...input,
      workSubnetIds: input.workSubnetIds.map((id) => `${id}-not`),
    });
    expect(board.status).not.toBe("succeeded");
    expect(board.error?.message).toMatch(/work-not/);
    expect(await nics()).toEqual([nicId()]);
  });
});
