/**
 * The inside of a VM, by Run Command in its managed form (v2): named, so that asking twice runs once; it tells the exit
 * code; and protected parameters, which Azure never shows again.
 */
import type { RunCommandInputParameter, VirtualMachineRunCommand } from "@azure/arm-compute";
import type { GuestQuestion, SealOrder } from "../../domain/guest-orders.js";
import type { Progress } from "../../domain/outcome.js";
import { done, succeeded } from "../../domain/outcome.js";
import type { Guests } from "../../ports/guests.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { progressOf, submit } from "./submit.js";

export type GuestScript = "preflight" | "seal" | "seal-log";
export type GuestScripts = Readonly<Record<"Windows" | "Linux", Readonly<Record<GuestScript, string>>>>;

const parameter = (name: string, value: string): RunCommandInputParameter => ({ name, value });

export function armGuests(cloud: Arm, scripts: GuestScripts): Guests {
  const command = (vmId: string, script: GuestScript) => {
    const { client, group, names } = locate(cloud, vmId);
    return { commands: client.virtualMachineRunCommands, group, vm: names[0], name: `vmimage-${script}` };
  };
  const run = (vmId: string, script: GuestScript, model: VirtualMachineRunCommand) => {
    const { commands, group, vm, name } = command(vmId, script);
    return submit(() => commands.createOrUpdate(group, vm, name, model), "VM_NOT_FOUND");
  };

  return {
    question: {
      start: (question) => run(question.vmId, question.script, questionModel(question, scripts)),
      ask({ input, started }) {
        const { commands, group, vm, name } = command(input.vmId, input.script);
        const get = () => commands.getByVirtualMachine(group, vm, name, { expand: "instanceView" });
        return progressOf(cloud, started, get, outputOf);
      },
    },

    async seal(order) {
      const started = await run(order.vmId, "seal", sealModel(order, scripts));
      return started.status === "done" ? done(null) : started;
    },
  };
}

const questionModel = ({ location, osType, script, runId }: GuestQuestion, scripts: GuestScripts) => ({
  location,
  source: { script: scripts[osType][script] },
  parameters: script === "seal-log" ? [parameter("runId", runId)] : [],
  timeoutInSeconds: 600,
  asyncExecution: false,
});

function sealModel(
  order: SealOrder & { markerUrl: string },
  scripts: GuestScripts,
): VirtualMachineRunCommand {
  const { guest, osType, runId, location } = order;
  const options =
    osType === "Windows"
      ? [parameter("allowedRemedies", guest.allowedRemedies.join(","))]
      : [
          parameter("removeUsers", guest.removeUsers.join(",")),
          parameter("keepUsers", guest.keepUsers.join(",")),
        ];
  return {
    location,
    source: { script: guest.script ?? scripts[osType].seal },
    parameters: [parameter("runId", runId), ...options],
    protectedParameters: [parameter("markerUrl", order.markerUrl)],
    timeoutInSeconds: 600,
    // The script detaches itself and the VM stops: nobody waits for this command.
    asyncExecution: true,
  };
}

/** A failing script still leaves the command Succeeded: only its instance view tells. */
function outputOf({ instanceView }: VirtualMachineRunCommand): Progress<{ output: string }> {
  const { executionState, exitCode, output = "", error = "", executionMessage = "" } = instanceView ?? {};
  switch (executionState) {
    case "Succeeded":
      return succeeded({ output });
    case "Failed":
    case "TimedOut":
    case "Canceled":
      return {
        state: "failed",
        code: `script ${executionState}`,
        message: `exit code ${exitCode ?? "unknown"}: ${error || executionMessage}`.slice(0, 500),
      };
    default:
      return { state: "running" };
  }
}
