/** The instance view: member order, codes and what disappears in which power state are as recorded. */
import type { Guest } from "../guests/guest.js";
import { all, find, timestamp, type World } from "./world.js";
import type { Power, Vm } from "./resources.js";

const status = (code: string, displayStatus: string, more: Record<string, string> = {}) => ({
  code,
  level: more["level"] ?? "Info",
  displayStatus,
  ...more,
});

export const guestOf = (world: World, vm: Vm): Guest | undefined => {
  const diskId = vm.body.properties.storageProfile?.osDisk?.managedDisk?.id;
  return diskId === undefined
    ? undefined
    : find(world, "Microsoft.Compute/disks", diskId)?.inner.holding.guest;
};

/** Ready: the machine runs, its agent had time to report, and nothing in the guest keeps it from reporting. */
export function agentReady(world: World, vm: Vm): boolean {
  const guest = guestOf(world, vm);
  if (guest === undefined || vm.inner.power !== "running" || !canReport(guest)) return false;
  return vm.inner.agentReadyMs <= world.clock.now();
}

/** Whether an agent of this guest ever comes to report, given time. */
export const canReport = (guest: Guest): boolean =>
  !guest.sealed && guest.agentResponds && (guest.os === "Windows" || guest.facts.agent.present);

function agentView(world: World, vm: Vm, guest: Guest | undefined) {
  const time = timestamp(vm.inner.changedMs).replace(/\.\d+/, "");
  if (guest !== undefined && agentReady(world, vm)) {
    return {
      vmAgentVersion: guest.os === "Linux" ? guest.facts.agent.version : "2.7.41491.1149",
      statuses: [
        status("ProvisioningState/succeeded", "Ready", {
          message:
            guest.os === "Linux"
              ? "Guest Agent is running"
              : "GuestAgent is running and processing the extensions.",
          time,
        }),
      ],
      extensionHandlers: [],
    };
  }
  const message = "VM status blob is found but not yet populated.";
  return {
    vmAgentVersion: "Unknown",
    statuses: [status("ProvisioningState/Unavailable", "Not Ready", { level: "Warning", message, time })],
  };
}

/** Extensions are told of by what they were written down as; what they say themselves, nobody here knows. */
function extensionsView(world: World, vm: Vm) {
  const extensions = [...all(world, "Microsoft.Compute/virtualMachines/extensions", vm.body.id)].map(
    ({ body: { name, properties } }) => {
      const { publisher = "", type = "", typeHandlerVersion, provisioningState = "" } = properties;
      const code = `ProvisioningState/${provisioningState.toLowerCase()}`;
      const displayStatus = provisioningState === "Succeeded" ? "Provisioning succeeded" : provisioningState;
      return {
        name,
        type: `${publisher}.${type}`,
        typeHandlerVersion,
        statuses: [status(code, displayStatus)],
      };
    },
  );
  return extensions.length === 0 ? {} : { extensions };
}

const PROVISIONING: Readonly<Record<string, readonly [string, string]>> = {
  Creating: ["ProvisioningState/creating", "Creating"],
  Updating: ["ProvisioningState/updating", "Updating"],
  Deleting: ["ProvisioningState/deleting", "Deleting"],
  Failed: ["ProvisioningState/failed", "Provisioning failed"],
};

const powerStatus = (power: Power) => status(`PowerState/${power}`, `VM ${power}`);

export function instanceView(world: World, vm: Vm): Record<string, unknown> {
  const { power, changedMs, generalized, specialized, generation } = vm.inner;
  const guest = guestOf(world, vm);
  const time = timestamp(changedMs);
  const [code, display] = PROVISIONING[vm.body.properties.provisioningState ?? ""] ?? [
    "ProvisioningState/succeeded",
    "Provisioning succeeded",
  ];
  const gone = power === "deallocated";
  const { osDisk, dataDisks = [] } = vm.body.properties.storageProfile ?? {};
  const osState = generalized
    ? [status("OSState/generalized", "VM generalized")]
    : specialized
      ? [status("OSState/specialized", "VM specialized")]
      : [];
  return {
    ...(guest !== undefined && agentReady(world, vm)
      ? { computerName: guest.computerName, osName: guest.osName, osVersion: guest.osVersion }
      : {}),
    ...(gone ? {} : { vmAgent: agentView(world, vm, guest) }),
    ...extensionsView(world, vm),
    disks: [osDisk, ...dataDisks].map((disk) => ({
      name: disk?.name,
      statuses: [
        status("ProvisioningState/succeeded", "Provisioning succeeded", {
          time: timestamp(vm.inner.createdMs),
        }),
      ],
    })),
    hyperVGeneration: generation,
    statuses: [...osState, status(code, display, { time }), powerStatus(power)],
  };
}
