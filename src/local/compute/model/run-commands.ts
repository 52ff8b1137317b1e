/** Run Command, as an action (v1) and as a resource (v2): one at a time, 20 seconds at least, 90 minutes at most. */
import { answer, type Script, type ScriptAnswer, tail } from "../guests/contracts.js";
import { AGENT_PATIENCE_MS, durationMs, NEVER_MS, RUN_COMMAND_LIMIT_MS } from "./durations.js";
import { ArmError, arm } from "./errors.js";
import { vmErrors } from "./vm-errors.js";
import { beginSeal } from "./guest-acts.js";
import { agentReady, guestOf } from "./instance-view.js";
import type { Completion, Operation } from "./operations.js";
import type { RunCommand, Vm } from "./resources.js";
import { managedRunCommandRequest, parse, runCommandRequest } from "./schemas.js";
import { VM } from "./vm-state.js";
import { begin, listBelow, reads } from "./verbs.js";
import {
  type Call,
  all,
  find,
  must,
  type Outcome,
  remove,
  save,
  setState,
  timestamp,
  type World,
} from "./world.js";

const COMMAND = "Microsoft.Compute/virtualMachines/runCommands";
/** Run Command keeps the last 4,096 bytes (Microsoft's list of its restrictions). */
const OUTPUT_BYTES = 4096;

type Parameter = { name?: string | undefined; value: string };
const asRecord = (parameters: readonly Parameter[] = []): Record<string, string> =>
  Object.fromEntries(parameters.map(({ name, value }, index) => [name ?? String(index + 1), value]));

/** Refuses what the service refuses at once. */
function admit(world: World, vm: Vm): void {
  if (vm.body.properties.provisioningState === "Deleting")
    throw vmErrors.deleting("runCommand", vm.body.name);
  if (vm.inner.power !== "running") throw vmErrors.notRunning();
  const busy = world.operations
    .underWay(vm.body.id)
    .some(({ kind }) => kind === "virtualMachines/runCommand");
  const managed = [...all(world, COMMAND, vm.body.id)].some(({ inner }) => inner.running);
  if (busy || managed) throw vmErrors.runCommandBusy();
}

/** How long it takes depends on whether anybody is there to run it. */
const runMs = (world: World, vm: Vm): number => {
  if (agentReady(world, vm)) return durationMs("virtualMachines/runCommand");
  const bootingMs = vm.inner.agentReadyMs - world.clock.now();
  return bootingMs > 0 && bootingMs < AGENT_PATIENCE_MS
    ? bootingMs + durationMs("virtualMachines/runCommand")
    : AGENT_PATIENCE_MS;
};

const lunsOf = ({ body }: Vm): readonly number[] =>
  (body.properties.storageProfile?.dataDisks ?? []).map(({ lun }) => lun);

/** Runs the script in the guest. Without an agent nothing runs, and ARM says so when its patience is over. */
function run(world: World, vm: Vm | undefined, script: Script): ScriptAnswer {
  const guest = vm === undefined ? undefined : guestOf(world, vm);
  if (vm === undefined || guest === undefined || !agentReady(world, vm)) {
    throw new ArmError(409, vmErrors.agentSilent(vm?.body.name ?? ""));
  }
  const given = answer(guest, script, world.log, lunsOf(vm));
  if (given.killsAgent === true) {
    // Dead until the next boot starts it again.
    vm.inner.agentReadyMs = NEVER_MS;
    save(world, vm);
  }
  if (given.seal !== undefined) beginSeal(world, vm, given.seal.order, given.seal.markerUrl);
  return given;
}

// v1 ---------------------------------------------------------------------------------------------------------

export function runCommand(call: Call): Outcome {
  const { world } = call;
  const vm = must(world, VM, call.id);
  const request = parse(runCommandRequest, call.body);
  admit(world, vm);
  const operation = begin(call, "virtualMachines/runCommand", vm, {
    forMs: runMs(world, vm),
    details: { script: (request.script ?? []).join("\n"), parameters: asRecord(request.parameters) },
  });
  return { kind: "accepted", operation };
}

/** Linux answers one message with both streams, Windows one element for each. No exit code in either. */
function v1Output(os: "Linux" | "Windows", { stdout, stderr }: ScriptAnswer): unknown {
  const element = (code: string, message: string) => ({
    code,
    level: "Info",
    displayStatus: "Provisioning succeeded",
    message,
  });
  if (os === "Windows") {
    return {
      value: [
        element("ComponentStatus/StdOut/succeeded", tail(stdout, OUTPUT_BYTES)),
        element("ComponentStatus/StdErr/succeeded", tail(stderr, OUTPUT_BYTES)),
      ],
    };
  }
  const message = `Enable succeeded: \n[stdout]\n${tail(stdout, OUTPUT_BYTES)}\n[stderr]\n${tail(stderr, OUTPUT_BYTES)}`;
  return { value: [element("ProvisioningState/succeeded", message)] };
}

// v2 ---------------------------------------------------------------------------------------------------------

export function putRunCommand(call: Call): Outcome {
  const { world, id } = call;
  const vm = must(world, VM, id.split("/").slice(0, -2).join("/"));
  const { location, tags, properties = {} } = parse(managedRunCommandRequest, call.body);
  const existing = find(world, COMMAND, id);
  admit(world, vm);
  // Protected parameters are used and forgotten; no answer ever shows them.
  const { protectedParameters, ...visible } = properties;
  const provisioningState = existing === undefined ? "Creating" : "Updating";
  const command: RunCommand = {
    type: COMMAND,
    body: {
      name: id.split("/").at(-1) ?? "",
      id,
      type: COMMAND,
      location: location ?? vm.body.location ?? "",
      ...(tags === undefined ? {} : { tags }),
      properties: {
        ...visible,
        timeoutInSeconds: properties.timeoutInSeconds ?? 0,
        provisioningState,
        asyncExecution: properties.asyncExecution ?? false,
      },
    },
    inner: { running: true, view: { executionState: "Running", startTime: timestamp(world.clock.now()) } },
  };
  save(world, command);
  const script = {
    text: properties.source?.script ?? "",
    parameters: { ...asRecord(properties.parameters), ...asRecord(protectedParameters) },
  };
  return {
    kind: existing === undefined ? "created" : "updated",
    body: command.body,
    operation: startManaged(call, vm, command, script),
  };
}

function startManaged(call: Call, vm: Vm, command: RunCommand, script: Script): Operation {
  const { world } = call;
  const { id, properties } = command.body;
  const place = { body: { id, location: vm.body.location ?? "" } };
  const forMs = runMs(world, vm);
  if (properties["asyncExecution"] !== true)
    return begin(call, "runCommands/write", place, { forMs, details: { script, runs: true } });
  // The operation ends when the script was handed over; the script itself goes on.
  const kind = "runCommands/execute";
  begin(call, "runCommands/write", place, {
    kind,
    forMs,
    details: { script },
    hidden: true,
    twist: undefined,
  });
  return begin(call, "runCommands/write", place, {
    forMs: durationMs("runCommands/delete"),
    details: { script, runs: false },
  });
}

export function patchRunCommand(call: Call): Outcome {
  const existing = must(call.world, COMMAND, call.id);
  const { properties = {} } = parse(managedRunCommandRequest, call.body);
  const body = {
    location: existing.body.location,
    tags: existing.body.tags,
    properties: { ...existing.body.properties, ...properties },
  };
  return putRunCommand({ ...call, body });
}

const view = (command: RunCommand, { query }: Call): RunCommand["body"] =>
  query.get("$expand")?.toLowerCase() === "instanceview"
    ? { ...command.body, properties: { ...command.body.properties, instanceView: command.inner.view } }
    : command.body;

export const { get: getRunCommand } = reads(COMMAND, view);
export const listRunCommands = listBelow(VM, COMMAND, view);

export function deleteRunCommand(call: Call): Outcome {
  must(call.world, VM, call.id.split("/").slice(0, -2).join("/"));
  const command = find(call.world, COMMAND, call.id);
  if (command === undefined) return { kind: "absent" };
  return { kind: "accepted", operation: begin(call, "runCommands/delete", command) };
}

/** A failing script is a succeeded command; only its instance view tells (recorded). */
function execute(world: World, operation: Operation): void {
  const command = find(world, COMMAND, operation.target);
  if (command === undefined) throw arm.entityNotFound();
  const vm = find(world, VM, operation.target.split("/").slice(0, -2).join("/"));
  const given = run(world, vm, operation.details["script"] as Script);
  const limitMs = Number(command.body.properties["timeoutInSeconds"]) * 1000 || RUN_COMMAND_LIMIT_MS;
  const { startTime } = command.inner.view;
  const lost = given.killsAgent === true;
  const startMs = world.clock.now() - durationMs("virtualMachines/runCommand");
  const failed = lost || given.exitCode !== 0;
  command.inner.running = false;
  command.inner.view = {
    exitCode: lost ? -1 : given.exitCode,
    executionState: lost ? "TimedOut" : failed ? "Failed" : "Succeeded",
    executionMessage: lost
      ? "Execution timed out: the agent stopped reporting"
      : failed
        ? `Execution failed: failed to execute command: command terminated with exit status=${given.exitCode}`
        : "Execution completed",
    output: tail(given.stdout, OUTPUT_BYTES),
    error: tail(given.stderr, OUTPUT_BYTES),
    startTime,
    endTime: timestamp(lost ? startMs + limitMs : world.clock.now()),
  };
  save(world, command);
  if (failed && command.body.properties["treatFailureAsDeploymentFailure"] === true) {
    throw new ArmError(409, {
      code: "VMExtensionProvisioningError",
      message: String(command.inner.view["executionMessage"]),
    });
  }
}

export const runCommandCompletions = (world: World): Record<string, Completion> => {
  const failed = (operation: Operation) => {
    const command = find(world, COMMAND, operation.target);
    if (command === undefined) return;
    command.inner.running = false;
    command.inner.view = {
      ...command.inner.view,
      executionState: "Failed",
      executionMessage: operation.error?.message,
      exitCode: -1,
    };
    setState(world, command, "Failed");
  };
  return {
    "virtualMachines/runCommand": {
      complete: ({ target, details }) => {
        const vm = find(world, VM, target);
        const script: Script = {
          text: details["script"] as string,
          parameters: details["parameters"] as Record<string, string>,
        };
        const given = run(world, vm, script);
        if (given.killsAgent === true) throw new ArmError(409, vmErrors.agentSilent(vm?.body.name ?? ""));
        return v1Output(vm?.body.properties.storageProfile?.osDisk?.osType ?? "Linux", given);
      },
    },
    "runCommands/write": {
      complete: (operation) => {
        if (operation.details["runs"] === true) execute(world, operation);
        const command = find(world, COMMAND, operation.target);
        if (command !== undefined) setState(world, command, "Succeeded");
      },
      failed,
    },
    "runCommands/execute": { complete: (operation) => execute(world, operation), failed },
    "runCommands/delete": { complete: ({ target }) => remove(world, target) },
  };
};
