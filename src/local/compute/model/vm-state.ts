/** What several files need of a VM's state: its type, and how its machine goes off. */
import { NEVER_MS } from "./durations.js";
import type { Vm } from "./resources.js";
import { save, type World } from "./world.js";

export const VM = "Microsoft.Compute/virtualMachines";

/** Turns the machine off, from inside or by an operation; what its guest was doing ends with the boot. */
export function turnOff(world: World, vm: Vm, power: "stopped" | "deallocated"): void {
  vm.inner.power = power;
  vm.inner.boot += 1;
  vm.inner.changedMs = world.clock.now();
  vm.inner.agentReadyMs = NEVER_MS;
  save(world, vm);
}

export function booted(world: World, vm: Vm, agentReadyMs: number): void {
  vm.inner.power = "running";
  vm.inner.boot += 1;
  vm.inner.changedMs = world.clock.now();
  vm.inner.agentReadyMs = agentReadyMs;
  save(world, vm);
}
