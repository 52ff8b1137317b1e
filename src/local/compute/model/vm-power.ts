/** Power states, generalize and capture, and what each of them requires. */
import { randomUUID } from "node:crypto";
import {
  find as findResource,
  must,
  type Call,
  found,
  type Outcome,
  save,
  timestamp,
  type World,
} from "./world.js";
import { AGENT_BOOT_MS } from "./durations.js";
import { arm } from "./errors.js";
import { vmErrors } from "./vm-errors.js";
import { checkNoSas } from "./disks.js";
import { instanceView } from "./instance-view.js";
import type { Completion } from "./operations.js";
import type { Power, Vm } from "./resources.js";
import { captureRequest, parse } from "./schemas.js";
import { begin } from "./verbs.js";
import { booted, turnOff, VM } from "./vm-state.js";

type Action = "start" | "powerOff" | "deallocate" | "restart" | "redeploy" | "reapply";

const ON_THE_WAY: Readonly<Record<Action, Power | undefined>> = {
  start: "starting",
  powerOff: "stopping",
  deallocate: "deallocating",
  restart: undefined,
  redeploy: undefined,
  reapply: undefined,
};

/** Retry-After of the reply and of the first poll, where the recordings show one. */
const HINTS: Partial<Record<Action, { readonly reply: number; readonly poll: number }>> = {
  start: { reply: 10, poll: 9 },
  deallocate: { reply: 10, poll: 36 },
};

export const startVm = (call: Call): Outcome => act(call, "start");
export const powerOffVm = (call: Call): Outcome => act(call, "powerOff");
export const deallocateVm = (call: Call): Outcome => act(call, "deallocate");
export const restartVm = (call: Call): Outcome => act(call, "restart");
export const redeployVm = (call: Call): Outcome => act(call, "redeploy");
export const reapplyVm = (call: Call): Outcome => act(call, "reapply");

function act(call: Call, action: Action): Outcome {
  const { world } = call;
  const vm = must(world, VM, call.id);
  check(world, vm, action);
  const before = vm.inner.power;
  const idle =
    (action === "deallocate" && before === "deallocated") ||
    (action === "start" && before === "running") ||
    (action === "powerOff" && before === "stopped");
  const hints = HINTS[action];
  const operation = begin(call, `virtualMachines/${action}`, vm, {
    ...(idle ? { forMs: 500 } : {}),
    details: { before },
    ...(hints === undefined ? {} : { firstPollSeconds: hints.poll }),
  });
  const power = ON_THE_WAY[action];
  if (!idle && power !== undefined) {
    vm.inner.power = power;
    save(world, vm);
  }
  return { kind: "accepted", operation, ...(hints === undefined ? {} : { retrySeconds: hints.reply }) };
}

function check(world: World, vm: Vm, action: Action): void {
  const { name, properties } = vm.body;
  const { power, generalized } = vm.inner;
  if (properties.provisioningState === "Deleting") throw vmErrors.deleting(action, name);
  if (generalized && (action === "start" || action === "restart" || action === "redeploy"))
    throw vmErrors.generalized(action, name);
  if (action === "powerOff" && (power === "deallocated" || power === "deallocating"))
    throw vmErrors.deallocated(action, name);
  if (action === "restart" && power !== "running") throw vmErrors.deallocated(action, name);
  if (action === "start") for (const disk of ownDisks(world, vm)) checkNoSas(world, disk);
  if (action === "deallocate") {
    // Giving the machine back overrides whatever else is being done to it.
    world.operations.abandon(
      vm.body.id,
      arm.preempted(),
      ({ kind, hidden }) => hidden !== true && kind !== "virtualMachines/deallocate",
    );
    return;
  }
  const ongoing = world.operations
    .underWay(vm.body.id)
    .find(({ kind }) => kind !== `virtualMachines/${action}`);
  if (ongoing === undefined) return;
  const becoming: Partial<Record<Power, string>> = {
    starting: "Running",
    stopping: "Stopped",
    deallocating: "Deallocated",
  };
  const state = becoming[power];
  throw state === undefined ? vmErrors.busy(action, name) : vmErrors.powerChanging(name, state, action);
}

function* ownDisks(world: World, vm: Vm) {
  const { osDisk, dataDisks = [] } = vm.body.properties.storageProfile ?? {};
  for (const held of [osDisk, ...dataDisks]) {
    const disk = findResource(world, "Microsoft.Compute/disks", held?.managedDisk?.id ?? "");
    if (disk !== undefined) yield disk;
  }
}

/** Marks the VM, nothing more: nobody checks whether the guest really was sealed. No way leads back. */
export function generalizeVm(call: Call): Outcome {
  const { world } = call;
  const vm = must(world, VM, call.id);
  const { power } = vm.inner;
  if (vm.body.properties.provisioningState === "Deleting")
    throw vmErrors.deleting("generalize", vm.body.name);
  if (power === "running" || power === "starting" || power === "stopping")
    throw vmErrors.running("generalize", vm.body.name);
  if (world.operations.underWay(vm.body.id).length > 0) throw vmErrors.busy("generalize", vm.body.name);
  vm.inner.generalized = true;
  vm.inner.changedMs = world.clock.now();
  save(world, vm);
  return { kind: "done" };
}

/** Only VMs on page blobs can be captured this way; their disks are outside this simulator but for their names. */
export function captureVm(call: Call): Outcome {
  const vm = must(call.world, VM, call.id);
  const request = parse(captureRequest, call.body);
  const vhd = vm.body.properties.storageProfile?.osDisk?.vhd;
  if (!vm.inner.generalized) throw vmErrors.notGeneralizedForCapture();
  if (vhd === undefined) throw vmErrors.captureNeedsBlobDisks();
  const details = { ...request, guid: randomUUID() };
  return { kind: "accepted", operation: begin(call, "virtualMachines/capture", vm, { details }) };
}

export const getInstanceView = (call: Call): Outcome =>
  found(instanceView(call.world, must(call.world, VM, call.id)));

export const powerCompletions = (world: World): Record<string, Completion> => {
  const ending = (finish: (vm: Vm) => void): Completion => ({
    complete: ({ target }) => {
      const vm = findResource(world, VM, target);
      if (vm === undefined) throw arm.entityNotFound();
      finish(vm);
    },
    failed: ({ target, details, error }) => {
      const vm = findResource(world, VM, target);
      // A preempted operation has lost its say about the machine.
      if (vm === undefined || error?.code === arm.preempted().code) return;
      vm.inner.power = details["before"] as Power;
      save(world, vm);
    },
  });
  const boot = (vm: Vm) => booted(world, vm, world.clock.now() + AGENT_BOOT_MS);
  return {
    "virtualMachines/start": ending((vm) => {
      if (vm.inner.power !== "running") boot(vm);
    }),
    "virtualMachines/restart": ending(boot),
    "virtualMachines/redeploy": ending((vm) => {
      if (vm.inner.power === "running") boot(vm);
    }),
    "virtualMachines/reapply": ending(() => undefined),
    "virtualMachines/powerOff": ending((vm) => turnOff(world, vm, "stopped")),
    "virtualMachines/deallocate": ending((vm) => turnOff(world, vm, "deallocated")),
    "virtualMachines/capture": {
      complete: ({ target, details }) => captureTemplate(must(world, VM, target), details),
    },
  };
};

/** What the old capture answers: a deployment template that would make a VM of the captured blob. */
function captureTemplate(vm: Vm, details: Readonly<Record<string, unknown>>): unknown {
  const { osDisk } = vm.body.properties.storageProfile ?? {};
  const account = new URL(osDisk?.vhd?.uri ?? "http://unknown").origin;
  const name = `${String(details["vhdPrefix"])}-osDisk.${String(details["guid"])}.vhd`;
  const parameter = (type: string) => ({ type });
  return {
    $schema: "http://schema.management.azure.com/schemas/2014-04-01-preview/VM_IP.json",
    contentVersion: "1.0.0.0",
    parameters: {
      vmName: parameter("string"),
      vmSize: { type: "string", defaultValue: vm.body.properties.hardwareProfile?.vmSize },
      adminUserName: parameter("string"),
      adminPassword: parameter("securestring"),
      networkInterfaceId: parameter("string"),
    },
    resources: [
      {
        name: "[parameters('vmName')]",
        type: VM,
        location: vm.body.location,
        apiVersion: "2024-07-01",
        properties: {
          hardwareProfile: { vmSize: "[parameters('vmSize')]" },
          provisioningState: 0,
          storageProfile: {
            osDisk: {
              osType: osDisk?.osType,
              name,
              createOption: "FromImage",
              image: {
                uri: `${account}/system/Microsoft.Compute/Images/${String(details["destinationContainerName"])}/${name}`,
              },
              vhd: {
                uri: `${account}/vmcontainer${String(details["guid"])}/osDisk.${String(details["guid"])}.vhd`,
              },
              caching: osDisk?.caching ?? "ReadWrite",
            },
          },
          timeCreated: timestamp(vm.inner.createdMs),
        },
      },
    ],
  };
}
