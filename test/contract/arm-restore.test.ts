/** Captures and restores with the real SDK against the Compute simulator: what is back, and what was kept. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DataDisk, VirtualMachine } from "@azure/arm-compute";
import type { RestoreResult } from "../../src/contracts/restore-run.js";
import type { Board } from "../../src/domain/stages.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";
import { runOrchestration } from "../support/run-orchestration.js";

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const capture = (more?: Record<string, unknown>) => playCapture(cloud, webCapture(cloud, more));
const restore = async (runId = "run-1") => {
  const outcome = await runOrchestration(restoreSource, {
    input: { runId, captureId: "run-1" },
    activities: cloud.activities(),
  });
  return outcome.customStatus as Board;
};
const web = () => cloud.client.virtualMachines.get("rg", "web", { expand: "instanceView" });

/** What Azure makes anew with a VM, and an OS profile, which a VM made of disks cannot have. */
const ANEW = ["vmId", "etag", "timeCreated", "instanceView", "resources", "osProfile"];

/** All the rest of its model, and of its disks, which are others, how they are attached. */
function nature(vm: VirtualMachine) {
  const { osDisk, dataDisks = [], diskControllerType } = vm.storageProfile ?? {};
  const setOn = ({ lun, caching, deleteOption, writeAcceleratorEnabled }: Partial<DataDisk>) => ({
    ...{ lun, caching, deleteOption, writeAcceleratorEnabled },
  });
  return {
    ...Object.fromEntries(Object.entries(vm).filter(([name]) => !ANEW.includes(name))),
    identity: { type: vm.identity?.type, users: Object.keys(vm.identity?.userAssignedIdentities ?? {}) },
    storageProfile: {
      diskControllerType,
      osDisk: { ...setOn(osDisk ?? {}), osType: osDisk?.osType },
      dataDisks: dataDisks.map(setOn),
    },
  };
}

/** Whatever may be set on a VM and is not of its guest. */
async function setEverything(): Promise<void> {
  const group = cloud.id("virtualMachines", "web").replace(/\/providers.*$/, "/providers");
  const users = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/shop`;
  const { storageProfile } = await web();
  const dataDisks = (storageProfile?.dataDisks ?? []).map((disk) => ({
    ...disk,
    ...(disk.lun === 3 ? { writeAcceleratorEnabled: true } : {}),
  }));
  const everything: VirtualMachine = {
    location: "westeurope",
    tags: { owner: "shop", team: "web" },
    identity: { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { [users]: {} } },
    plan: { name: "shop", publisher: "contoso", product: "web" },
    licenseType: "RHEL_BYOS",
    userData: "I2Nsb3VkLWNvbmZpZw==",
    availabilitySet: { id: `${group}/Microsoft.Compute/availabilitySets/web` },
    proximityPlacementGroup: { id: `${group}/Microsoft.Compute/proximityPlacementGroups/near` },
    priority: "Spot",
    evictionPolicy: "Deallocate",
    billingProfile: { maxPrice: -1 },
    diagnosticsProfile: { bootDiagnostics: { enabled: true, storageUri: "https://logs.example.net/" } },
    additionalCapabilities: { hibernationEnabled: true },
    extensionsTimeBudget: "PT1H",
    scheduledEventsProfile: { terminateNotificationProfile: { enable: true, notBeforeTimeout: "PT5M" } },
    securityProfile: {
      securityType: "TrustedLaunch",
      encryptionAtHost: true,
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
    },
    storageProfile: { dataDisks },
  };
  await cloud.client.virtualMachines.update("rg", "web", everything).submitted();
  await cloud.passTo(cloud.now() + 60_000);
}

const attached = (vm: VirtualMachine) =>
  [vm.storageProfile?.osDisk, ...(vm.storageProfile?.dataDisks ?? [])].map(
    (disk) => disk?.managedDisk?.id ?? "",
  );

describe("a source VM", () => {
  test("that was generalized in place runs again after a restore, as it was, on disks from the backup", async () => {
    await setEverything();
    const before = await web();
    const definitionId = `${cloud.id("galleries", "g")}/images/made`;
    const create = { publisher: "contoso", offer: "web", sku: "shop" };
    const target = { kind: "gallery", definitionId, create };
    const captured = await capture({ mode: "in-place", target });
    expect(captured.error).toBeUndefined();
    expect(await cloud.client.galleryImages.get("rg", "g", "made")).toMatchObject({
      ...{ osType: "Linux", osState: "Generalized", hyperVGeneration: "V2", architecture: "x64" },
      purchasePlan: { name: "shop", publisher: "contoso", product: "web" },
      features: [
        { name: "SecurityType", value: "TrustedLaunch" },
        { name: "IsHibernateSupported", value: "True" },
      ],
    });
    expect((await web()).instanceView?.statuses?.map(({ code }) => code)).toContain("OSState/generalized");

    const board = await restore();
    expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
    const after = await web();
    expect(nature(after)).toEqual(nature(before));
    const told = await cloud.client.virtualMachines.get("rg", "web", { expand: "userData" });
    expect(told.userData).toBe("I2Nsb3VkLWNvbmZpZw==");
    expect(after.vmId).not.toBe(before.vmId);
    expect(after.instanceView?.statuses?.map(({ code }) => code)).toContain("PowerState/running");
    expect(after.instanceView?.statuses?.map(({ code }) => code)).not.toContain("OSState/generalized");

    const result = board.result as RestoreResult;
    expect(attached(after)).toEqual(result.disks);
    expect([...result.replacedDisks].sort()).toEqual(attached(before).sort());
    expect(result.warnings.join()).toContain("system-assigned identity");
    for (const id of result.replacedDisks) {
      const disk = await cloud.client.disks.get("rg", id.split("/").at(-1) ?? "");
      expect(disk.managedBy).toBeUndefined();
    }
    for (const id of result.disks) {
      const disk = await cloud.client.disks.get("rg", id.split("/").at(-1) ?? "");
      expect(disk.zones).toEqual(disk.sku?.name === "Premium_ZRS" ? undefined : ["2"]);
      expect(disk.tags).toMatchObject({ "vmimage-kind": "restored" });
    }
  });

  test("that was deleted manually is recreated too, and a second restore replaces the VM of the first", async () => {
    await capture();
    const before = await web();
    const deleting = cloud.client.virtualMachines.delete("rg", "web");
    await deleting.submitted();
    await cloud.passTo(cloud.now() + 600_000);
    expect(await restore()).toMatchObject({ status: "succeeded" });
    expect(nature(await web())).toEqual(nature(before));
    const second = await restore("run-1.2");
    expect(second).toMatchObject({ status: "succeeded" });
    expect((second.result as RestoreResult).replacedDisks[0]).toContain("vmi-restore-run-1-os");
  });

  test("is not replaced by a restore if another VM with its name was created since", async () => {
    await capture();
    await (await cloud.client.virtualMachines.delete("rg", "web").submitted(),
    cloud.passTo(cloud.now() + 600_000));
    const disk = cloud.client.disks.createOrUpdate("rg", "theirs", {
      location: "westeurope",
      osType: "Linux",
      diskSizeGB: 30,
      creationData: { createOption: "Empty" },
    });
    await disk.submitted();
    await cloud.passTo(cloud.now() + 60_000);
    const made = cloud.client.virtualMachines.createOrUpdate("rg", "web", {
      location: "westeurope",
      hardwareProfile: { vmSize: "Standard_D2s_v5" },
      storageProfile: {
        osDisk: { createOption: "Attach", osType: "Linux", managedDisk: { id: cloud.id("disks", "theirs") } },
      },
      networkProfile: { networkInterfaces: [{ id: cloud.networkId("networkInterfaces", "web-nic") }] },
    });
    await made.submitted();
    await cloud.passTo(cloud.now() + 600_000);
    expect(await restore()).toMatchObject({ status: "refused", error: { code: "VM_REPLACED" } });
  });

  test("has nothing to be restored from when its backup is gone or never was", async () => {
    expect(await restore()).toMatchObject({ status: "refused", error: { code: "NOTHING_TO_RESTORE" } });
    await capture({ backup: { kind: "restore-point", keepDays: 0 } });
    expect(await restore()).toMatchObject({ status: "refused", error: { code: "NOTHING_TO_RESTORE" } });
  });

  test("whose disks would be deleted with it is protected first, and they are kept", async () => {
    await capture();
    const vm = await web();
    const { osDisk, dataDisks = [] } = vm.storageProfile ?? {};
    const update = cloud.client.virtualMachines.update("rg", "web", {
      storageProfile: {
        osDisk: { ...osDisk!, deleteOption: "Delete" },
        dataDisks: dataDisks.map((disk) => ({ ...disk, deleteOption: "Delete" as const })),
      },
    });
    await update.submitted();
    await cloud.passTo(cloud.now() + 60_000);
    const board = await restore();
    expect(board).toMatchObject({ status: "succeeded" });
    for (const id of (board.result as RestoreResult).replacedDisks)
      expect((await cloud.client.disks.get("rg", id.split("/").at(-1) ?? "")).diskState).toBe("Unattached");
  });

  test("is not deleted while anything else would be deleted with it", async () => {
    const vmId = cloud.id("virtualMachines", "web");
    const osDisk = (await web()).storageProfile?.osDisk;
    const change = { storageProfile: { osDisk: { ...osDisk!, deleteOption: "Delete" as const } } };
    await cloud.client.virtualMachines.update("rg", "web", change).submitted();
    await cloud.passTo(cloud.now() + 60_000);
    const call = { name: "removeSourceVmStart", input: undefined, nth: 0, atMs: 0 };
    const answer = await cloud.activities()["removeSourceVmStart"]?.({ vmId } as never, call);
    expect(answer).toMatchObject({ status: "refused", code: "VM_NOT_PROTECTED" });
    expect(attached(await web())).toContain(osDisk?.managedDisk?.id);
  });

  test("that cannot be recreated because of a quota is reported with everything that exists, and restored later", async () => {
    await capture();
    await cloud.local("POST", "scenarios", {
      match: { operation: "virtualMachines/put" },
      act: {
        fail: {
          status: 409,
          code: "OperationNotAllowed",
          message: "exceeding approved standardDSv5Family Cores quota",
        },
      },
    });
    const failed = await restore();
    expect(failed).toMatchObject({ status: "failed", error: { code: "QUOTA_EXCEEDED", stage: "replace" } });
    expect(failed.error?.message).toContain("vmi-restore-run-1-os");
    await cloud.local("DELETE", "scenarios");
    expect(await restore("run-1.2")).toMatchObject({ status: "succeeded" });
    expect((await web()).instanceView?.statuses?.map(({ code }) => code)).toContain("PowerState/running");
  });
});

describe("an in-place capture", () => {
  const statuses = async () => (await web()).instanceView?.statuses?.map(({ code }) => code);

  test("leaves none of our run commands in the sealed source", async () => {
    const board = await capture({ mode: "in-place" });
    expect(board).toMatchObject({
      status: "succeeded",
      leftovers: [],
      result: { source: { state: "sealed" } },
    });
    const commands = [];
    for await (const command of cloud.client.virtualMachineRunCommands.listByVirtualMachine("rg", "web"))
      commands.push(command.name);
    expect(commands).toEqual([]);
  });

  test("restores the source at once if asked to", async () => {
    const before = await web();
    const board = await capture({ mode: "in-place", sourceAfter: "restore" });
    expect(board).toMatchObject({ status: "succeeded", result: { source: { state: "restored" } } });
    expect(await statuses()).toContain("PowerState/running");
    const made = await web();
    expect(nature(made)).toEqual(nature(before));
    // Asked for once more: from the backup again, and not of the disks that it has been running on since.
    const again = (await restore()).result as RestoreResult;
    expect([...again.replacedDisks].sort()).toEqual(attached(made).sort());
    expect(again.disks.filter((id) => again.replacedDisks.includes(id))).toEqual([]);
    expect(attached(await web())).toEqual(again.disks);
  });

  test("restores the delete options of its disks", async () => {
    const { storageProfile } = await web();
    const dataDisks = (storageProfile?.dataDisks ?? []).map((disk) => ({
      ...disk,
      deleteOption: disk.lun === 3 ? ("Delete" as const) : ("Detach" as const),
    }));
    const osDisk = { ...storageProfile!.osDisk!, deleteOption: "Delete" as const };
    const update = cloud.client.virtualMachines.update("rg", "web", {
      storageProfile: { osDisk, dataDisks },
    });
    await update.submitted();
    await cloud.passTo(cloud.now() + 60_000);
    const options = (vm: VirtualMachine) => [
      vm.storageProfile?.osDisk?.deleteOption,
      ...(vm.storageProfile?.dataDisks ?? []).map(({ lun, deleteOption }) => [lun, deleteOption]),
    ];
    const before = options(await web());
    expect(before).toContainEqual([3, "Delete"]);
    const board = await capture({ mode: "in-place", sourceAfter: "restore" });
    expect(board).toMatchObject({ status: "succeeded" });
    expect(options(await web())).toEqual(before);
  });

  test("deletes the source if asked to, and keeps what was not to be deleted with it, the image and the backup", async () => {
    const before = await web();
    const board = await capture({ mode: "in-place", sourceAfter: "delete" });
    expect(board).toMatchObject({ status: "succeeded", result: { source: { state: "deleted" } } });
    await expect(web()).rejects.toMatchObject({ statusCode: 404 });
    for (const id of attached(before))
      expect((await cloud.client.disks.get("rg", id.split("/").at(-1) ?? "")).diskState).toBe("Unattached");
    expect(await restore()).toMatchObject({ status: "succeeded" });
    expect(nature(await web())).toEqual(nature(before));
  });
});
