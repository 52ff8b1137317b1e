/** Source VMs taken away and made again; see the port for what is promised. */
import type { VirtualMachine } from "@azure/arm-compute";
import type { Progress } from "../../domain/outcome.js";
import { done, refused, succeeded } from "../../domain/outcome.js";
import type { SourceVms } from "../../ports/source-vms.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { ifFound, outcomeOf, progressOf, removed, submit } from "./submit.js";
import { goesWith, protectedModel, restoredVm } from "./vm-models.js";
import { powerStateOf } from "./vm-summary.js";

export function armSourceVms(cloud: Arm): SourceVms {
  const at = (vmId: string) => {
    const { client, group, names } = locate(cloud, vmId, "virtualMachines");
    return { vms: client.virtualMachines, group, name: names[0] };
  };
  const get = (vmId: string): Promise<VirtualMachine> => {
    const { vms, group, name } = at(vmId);
    return vms.get(group, name, { expand: "instanceView" });
  };

  return {
    protection: {
      async start({ vmId }) {
        const { vms, group, name } = at(vmId);
        const found = await outcomeOf(() => get(vmId), "VM_NOT_FOUND");
        if (found.status !== "done") return found;
        if (goesWith(found.value).length === 0) return done({});
        return submit(() => vms.update(group, name, protectedModel(found.value)), "VM_NOT_FOUND");
      },
      ask: ({ input, started }) =>
        progressOf(
          cloud,
          started,
          () => get(input.vmId),
          (vm): Progress<null> => {
            const doomed = goesWith(vm);
            return doomed.length === 0
              ? succeeded(null)
              : { state: "failed", code: "VM_NOT_PROTECTED", message: wouldGo(doomed) };
          },
        ),
    },

    removal: {
      // Asked again here, in the act itself: between protection and removal somebody may have changed the VM.
      async start({ vmId }) {
        const found = await outcomeOf(() => get(vmId), "VM_NOT_FOUND");
        if (found.status === "refused" && found.code === "VM_NOT_FOUND") return done({});
        if (found.status !== "done") return found;
        const doomed = goesWith(found.value);
        if (doomed.length > 0)
          return refused(
            "VM_NOT_PROTECTED",
            wouldGo(doomed),
            "Set their deleteOption to Detach on the VM, and start the run again.",
          );
        const { vms, group, name } = at(vmId);
        return submit(() => vms.delete(group, name));
      },
      ask: ({ input }) => removed(() => ifFound(() => get(input.vmId))),
    },

    restored: {
      start({ model, ...order }) {
        const { vms, group, name } = at(order.vmId);
        return submit(() => vms.createOrUpdate(group, name, restoredVm(model as VirtualMachine, order)));
      },
      ask: ({ input, started }) =>
        progressOf(
          cloud,
          started,
          () => get(input.vmId),
          () => succeeded(null),
        ),
    },

    start: {
      start({ vmId }) {
        const { vms, group, name } = at(vmId);
        return submit(() => vms.start(group, name), "VM_NOT_FOUND");
      },
      async ask({ input }) {
        const power = await outcomeOf(async () => powerStateOf(await get(input.vmId)), "VM_NOT_FOUND");
        if (power.status !== "done") return power;
        return done(
          power.value === "running"
            ? succeeded(null)
            : { state: "running", detail: `the VM is ${power.value}` },
        );
      },
    },
  };
}

const wouldGo = (ids: readonly string[]) => `These would be deleted with the VM: ${ids.join(", ")}.`;
