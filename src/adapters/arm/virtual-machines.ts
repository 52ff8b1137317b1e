/** Virtual machines, read and driven; see the port for what is promised. */
import type { VirtualMachine } from "@azure/arm-compute";
import type { WorkingVm } from "../../domain/backup.js";
import { done, succeeded } from "../../domain/outcome.js";
import type { VirtualMachines } from "../../ports/virtual-machines.js";
import type { Arm } from "./client.js";
import { idOf, locate } from "./client.js";
import { outcomeOf, submit } from "./submit.js";
import { agentReport, isolated, trustedLaunch } from "./throw-away-vm.js";
import { idAt } from "./vm-models.js";
import { stateOf } from "./vm-summary.js";

export function armVirtualMachines(cloud: Arm): VirtualMachines {
  const at = (vmId: string) => {
    const { client, group, names } = locate(cloud, vmId, "virtualMachines");
    return { vms: client.virtualMachines, group, name: names[0] };
  };
  const get = (vmId: string): Promise<VirtualMachine> => {
    const { vms, group, name } = at(vmId);
    return vms.get(group, name, { expand: "instanceView" });
  };
  const state = (vmId: string) => outcomeOf(async () => stateOf(await get(vmId)), "VM_NOT_FOUND");

  return {
    state,

    markGeneralized: (vmId) =>
      outcomeOf(async () => {
        const { vms, group, name } = at(vmId);
        await vms.generalize(group, name);
        return null;
      }, "VM_NOT_FOUND"),

    deallocation: {
      start({ vmId }) {
        const { vms, group, name } = at(vmId);
        return submit(() => vms.deallocate(group, name), "VM_NOT_FOUND");
      },
      async ask({ input }) {
        const now = await state(input.vmId);
        if (now.status !== "done") return now;
        return done(now.value.power === "deallocated" ? succeeded(null) : { state: "running" });
      },
    },

    workingVm: {
      start(order) {
        const { vms, group, name } = at(order.vmId);
        return submit(() => vms.createOrUpdate(group, name, workingVm(order)));
      },
      ask: (asked) => agentReport(cloud, asked),
    },
  };
}

function securityOf({ securityType, secureBoot, vTpm, encryptionAtHost }: WorkingVm["source"]) {
  const trusted = securityType === "TrustedLaunch";
  if (!trusted && !encryptionAtHost) return {};
  return {
    securityProfile: { ...(trusted ? trustedLaunch(secureBoot, vTpm) : {}), encryptionAtHost },
  };
}

/**
 * A throw-away copy: no osProfile, since the disks carry the system as it is, no extensions, no public address, and
 * everything it brings goes with it when it is deleted.
 */
export function workingVm({ source, disks, subnetId, tags, vmId }: WorkingVm): VirtualMachine {
  const name = idOf(vmId).names[0];
  return {
    location: source.location,
    tags: { ...tags },
    ...(source.zones.length > 0 ? { zones: [...source.zones] } : {}),
    ...(source.plan ? { plan: { ...source.plan } } : {}),
    hardwareProfile: { vmSize: source.size },
    storageProfile: {
      diskControllerType: source.diskController,
      osDisk: {
        createOption: "Attach",
        osType: source.osType,
        caching: source.osDisk.caching,
        deleteOption: "Delete",
        managedDisk: { id: idAt(disks, -1) },
      },
      dataDisks: source.dataDisks.map((disk) => ({
        lun: disk.lun,
        createOption: "Attach",
        caching: disk.caching,
        deleteOption: "Delete",
        managedDisk: { id: idAt(disks, disk.lun) },
      })),
    },
    ...securityOf(source),
    networkProfile: isolated({ name, subnetId, tags }, source.acceleratedNetworking),
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
  };
}
