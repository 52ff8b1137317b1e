/**
 * The inside of a VM, by Run Command in its managed form (v2): named, so that asking twice runs once; it tells the exit
 * code; and protected parameters, which Azure never shows again.
 */
import type { RunCommandInputParameter, VirtualMachineRunCommand } from "@azure/arm-compute";
import type { GuestLook, GuestQuestion, SealOrder } from "../../domain/guest-orders.js";
import { SCRIPT_FAILED } from "../../domain/guest/seal-start.js";
import { guestCommandId } from "../../domain/names.js";
import { resourceName } from "../../domain/resource-id.js";
import type { Outcome, Progress, Started } from "../../domain/outcome.js";
import { done, succeeded } from "../../domain/outcome.js";
import type { Guests } from "../../ports/guests.js";
import type { Arm } from "./client.js";
import { idOf, locate } from "./client.js";
import { withoutSecrets } from "./errors.js";
import { outcomeOf, progressOf, submit } from "./submit.js";

export type GuestScript = "preflight" | "seal" | "seal-log" | "audit";
export type GuestScripts = Readonly<Record<"Windows" | "Linux", Readonly<Record<GuestScript, string>>>>;

const parameter = (name: string, value: string): RunCommandInputParameter => ({ name, value });

export function armGuests(cloud: Arm, scripts: GuestScripts): Guests {
  const command = (vmId: string, script: GuestScript, runId: string) => {
    const { client, group, names } = locate(cloud, vmId, "virtualMachines");
    const name = resourceName(guestCommandId(vmId, script, runId));
    return { commands: client.virtualMachineRunCommands, group, vm: names[0], name };
  };
  /** A command that was accepted is not sent again: a second PUT would run its script a second time. */
  const run = async (
    order: { vmId: string; runId: string },
    script: GuestScript,
    model: VirtualMachineRunCommand,
  ): Promise<Outcome<Started>> => {
    const { commands, group, vm, name } = command(order.vmId, script, order.runId);
    const known = await outcomeOf(() => commands.getByVirtualMachine(group, vm, name), "SOURCE_GONE");
    if (known.status === "done") return done({});
    if (known.status === "busy" || known.code !== "SOURCE_GONE") return known;
    return submit(() => commands.createOrUpdate(group, vm, name, model), "VM_NOT_FOUND");
  };

  return {
    question: {
      start: (question) => run(question, question.script, questionModel(question, scripts)),
      ask({ input, started }) {
        const { commands, group, vm, name } = command(input.vmId, input.script, input.runId);
        const get = () => commands.getByVirtualMachine(group, vm, name, { expand: "instanceView" });
        return progressOf(cloud, started, get, outputOf);
      },
    },

    look: {
      start({ vmId, osType }) {
        const { client, group, names } = locate(cloud, vmId, "virtualMachines");
        const commandId = osType === "Windows" ? "RunPowerShellScript" : "RunShellScript";
        const script = scripts[osType].preflight.split(/\r?\n/);
        return submit(
          () => client.virtualMachines.runCommand(group, names[0], { commandId, script }),
          "VM_NOT_FOUND",
        );
      },
      ask: ({ input }) => outcomeOf(() => lookedUp(cloud, input)),
    },

    async seal(order) {
      const started = await run(order, "seal", sealModel(order, scripts));
      return started.status === "done" ? done(null) : started;
    },
  };
}

interface ActionStatus {
  readonly status?: string;
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly properties?: {
    readonly output?: { readonly value?: readonly { code?: string; message?: string }[] };
  };
}

async function lookedUp(
  cloud: Arm,
  { vmId, operationUrl = "" }: GuestLook,
): Promise<Progress<{ output: string }>> {
  const { subscriptionId } = idOf(vmId);
  const action = await cloud.readUrl<ActionStatus>(subscriptionId, operationUrl);
  if (action?.status === "Succeeded") return succeeded({ output: outputIn(action) });
  if (action?.status === "InProgress") return { state: "running" };
  const { code = "Failed", message = "Azure gave no reason." } = action?.error ?? {};
  return { state: "failed", code, message: withoutSecrets(message) };
}

/** Windows answers an element for each stream, Linux both in one (recorded; see Run Command's action). */
function outputIn({ properties }: ActionStatus): string {
  const parts = properties?.output?.value ?? [];
  const whole = parts.find(({ code }) => /StdOut/i.test(code ?? "")) ?? parts[0];
  const text = whole?.message ?? "";
  return /\[stdout\]\n([\s\S]*?)\n?\[stderr\]/.exec(text)?.[1] ?? text;
}

const questionModel = (question: GuestQuestion, scripts: GuestScripts) => ({
  location: question.location,
  tags: { ...question.tags },
  source: { script: scripts[question.osType][question.script] },
  parameters: parametersOf(question),
  timeoutInSeconds: 600,
  asyncExecution: false,
});

function parametersOf({ script, osType, runId, sinceMs = 0 }: GuestQuestion): RunCommandInputParameter[] {
  if (script === "seal-log") return [parameter("runId", runId)];
  // Windows has nothing whose age tells where it came from.
  if (script === "audit" && osType === "Linux")
    return [parameter("since", String(Math.floor(sinceMs / 1000)))];
  return [];
}

function sealModel(
  order: SealOrder & { markerUrl: string },
  scripts: GuestScripts,
): VirtualMachineRunCommand {
  const { guest, osType, runId, location, tags } = order;
  const options =
    osType === "Windows"
      ? // The guest gives up first, so that it is the one to say why.
        [parameter("limitMinutes", String(Math.max(5, order.limitMinutes - 5)))]
      : [
          parameter("removeUsers", guest.removeUsers.join(",")),
          parameter("keepUsers", guest.keepUsers.join(",")),
          parameter("unregister", String(order.inPlace)),
        ];
  return {
    location,
    tags: { ...tags },
    source: { script: guest.script ?? scripts[osType].seal },
    parameters: [
      parameter("runId", runId),
      parameter("allowedRemedies", guest.allowedRemedies.join(",")),
      ...options,
    ],
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
        code: executionState === "Failed" ? SCRIPT_FAILED : `script ${executionState}`,
        message: withoutSecrets(`exit code ${exitCode ?? "unknown"}: ${error || executionMessage}`).slice(
          0,
          500,
        ),
      };
    default:
      return { state: "running" };
  }
}
