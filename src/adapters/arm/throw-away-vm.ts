/** What the VMs that a run makes for itself have in common: isolated, watched, and gone with all they brought. */
import type { NetworkProfile, SecurityProfile, VirtualMachine } from "@azure/arm-compute";
import type { Tags } from "../../domain/image-order.js";
import type { Asked, Outcome, Progress } from "../../domain/outcome.js";
import { succeeded } from "../../domain/outcome.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { progressOf } from "./submit.js";
import { agentReady, powerStateOf } from "./vm-summary.js";

interface ThrowAway {
  readonly name: string;
  readonly subnetId: string;
  readonly tags: Tags;
}

/** No public address, and an interface that is made and deleted with its VM. */
export const isolated = ({ name, subnetId, tags }: ThrowAway, accelerated: boolean): NetworkProfile => ({
  networkApiVersion: "2022-11-01",
  networkInterfaceConfigurations: [
    {
      name: `${name}-nic`,
      tags: { ...tags },
      primary: true,
      deleteOption: "Delete",
      enableAcceleratedNetworking: accelerated,
      ipConfigurations: [{ name: "only", subnet: { id: subnetId } }],
    },
  ],
});

export const trustedLaunch = (secureBootEnabled: boolean, vTpmEnabled: boolean): SecurityProfile => ({
  securityType: "TrustedLaunch",
  uefiSettings: { secureBootEnabled, vTpmEnabled },
});

/** Asks until the VM is made and its agent reports. */
export function agentReport(cloud: Arm, { input, started }: Asked<{ vmId: string }>) {
  const { client, group, names } = locate(cloud, input.vmId, "virtualMachines");
  const get = () => client.virtualMachines.get(group, names[0], { expand: "instanceView" });
  return progressOf(cloud, started, get, reported) satisfies Promise<Outcome<Progress<null>>>;
}

const reported = (vm: VirtualMachine): Progress<null> =>
  agentReady(vm)
    ? succeeded(null)
    : { state: "running", percent: 80, detail: `waiting for the agent; the VM is ${powerStateOf(vm)}` };
