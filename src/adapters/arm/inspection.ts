/** Reads a VM and what belongs to it: one request a question, for the runbook asks them in parallel. */
import { done } from "../../domain/outcome.js";
import type { Inspection } from "../../ports/inspection.js";
import type { Arm } from "./client.js";
import { NETWORK_API, locate } from "./client.js";
import { outcomeOf } from "./submit.js";
import { goesWith, lostBy } from "./vm-models.js";
import { factsOfDisk, factsOfVm } from "./vm-summary.js";

export function armInspection(cloud: Arm): Inspection {
  const getVm = (vmId: string, expand: "instanceView" | "userData") => {
    const { client, group, names } = locate(cloud, vmId, "virtualMachines");
    return client.virtualMachines.get(group, names[0], { expand });
  };

  return {
    vm: (vmId) => outcomeOf(async () => factsOfVm(await getVm(vmId, "instanceView")), "VM_NOT_FOUND"),

    // Azure tells a VM's user data only where they are asked for by name, and then no instance view.
    vmModel: (vmId) =>
      outcomeOf(async () => {
        const vm = await getVm(vmId, "userData");
        return { model: vm, lost: lostBy(vm), goesWith: goesWith(vm) };
      }, "VM_NOT_FOUND"),

    disk: (diskId) =>
      outcomeOf(async () => {
        const { client, group, names } = locate(cloud, diskId, "disks");
        const disk = await client.disks.get(group, names[0]);
        return { facts: factsOfDisk(diskId, disk), model: disk };
      }, "VM_NOT_FOUND"),

    // Network interfaces are another provider's; reading one needs no package of its own.
    async accelerated(interfaceId) {
      const nic = await outcomeOf(() =>
        cloud.read<{ properties?: { enableAcceleratedNetworking?: boolean } }>(interfaceId, NETWORK_API),
      );
      if (nic.status !== "done") return nic;
      return done(nic.value?.properties?.enableAcceleratedNetworking ?? false);
    },
  };
}
