/** Backups by the real SDK against the Compute simulator: what becomes of a VM's disks while it is backed up is noticed. */
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

const dataDisks = async () => {
  const { storageProfile } = await cloud.client.virtualMachines.get("rg", "web");
  return storageProfile?.dataDisks ?? [];
};
const passed = () => cloud.passTo(cloud.now() + 60_000);

/** LUN 3 grows. */
async function resize(): Promise<void> {
  const name = (await dataDisks()).find(({ lun }) => lun === 3)?.name ?? "";
  await cloud.client.disks.update("rg", name, { diskSizeGB: 64 }).submitted();
  await passed();
}

/** Another disk of 16 GiB comes to LUN 9, or takes the place of the one at LUN 3. */
async function attach(lun: number): Promise<void> {
  const creationData = { createOption: "Empty" };
  const theirs = { location: "westeurope", zones: ["2"], diskSizeGB: 16, creationData };
  await cloud.client.disks.createOrUpdate("rg", "theirs", theirs).submitted();
  await passed();
  const others = (await dataDisks()).filter((disk) => disk.lun !== lun);
  const disk = { lun, createOption: "Attach", managedDisk: { id: cloud.id("disks", "theirs") } };
  const change = { storageProfile: { dataDisks: [...others, disk] } };
  await cloud.client.virtualMachines.update("rg", "web", change).submitted();
  await passed();
}

/** Somebody changes the VM when it has been looked at, and is yet to be backed up. */
async function captureWhile(kind: string, change: () => Promise<void>): Promise<Board> {
  const activities = cloud.activities();
  const outcome = await runOrchestration(captureImage, {
    input: webCapture(cloud, { backup: { kind } }),
    activities: {
      ...activities,
      holdVm: async (hold, call) => {
        await change();
        return activities["holdVm"]?.(hold, call);
      },
    },
  });
  return outcome.customStatus as Board;
}

describe.each(["restore-point", "snapshots"])("a VM backed up by %s", (kind) => {
  test.each([
    ["resized", resize, /LUN 3 \(web_data_3\) has 16 GiB, but its backup has 64 GiB/],
    ["exchanged", () => attach(3), /LUN 3 \(web_data_3\) (was replaced|is no longer attached)/],
    ["attached", () => attach(9), /LUN 9/],
  ])("is refused when a disk is %s meanwhile, and nothing is left of the backup", async (_, change, said) => {
    const board = await captureWhile(kind, change);
    expect(board).toMatchObject({
      status: "refused",
      error: { code: "BACKUP_UNSOUND", stage: "backup" },
      leftovers: [],
    });
    expect(board.error?.message).toMatch(said);
    const left = [];
    for await (const { name } of cloud.client.snapshots.list()) left.push(name);
    for await (const { name } of cloud.client.restorePointCollections.listAll()) left.push(name);
    expect(left).toEqual([]);
  });
});

test("a disk made from a backup is incomplete when it is smaller than the one that was backed up", async () => {
  const [disk] = await dataDisks();
  const asked = (sizeGb: number) =>
    cloud.activities()["createDiskAsk"]?.({ input: { diskId: disk?.managedDisk?.id, sizeGb } } as never, {
      ...{ name: "createDiskAsk", input: undefined, nth: 0, atMs: 0 },
    });
  expect(await asked(8)).toMatchObject({ value: { state: "succeeded" } });
  expect(await asked(9)).toMatchObject({ value: { state: "failed", code: "BACKUP_UNSOUND" } });
});
