/** Changes of a VM: tags and settings, disks attached and detached, another OS disk. */
import { changedNics } from "../network/attachment.js";
import { sameId } from "./arm-ids.js";
import { attachable, detachFromVm } from "./disks.js";
import { arm } from "./errors.js";
import { vmErrors } from "./vm-errors.js";
import type { Vm, VmDataDisk } from "./resources.js";
import { type Properties, type Request, carried, shownProperties, start, userDataOf } from "./vm-requests.js";
import { type VmPlace, buildDataDisk, checkDataDisks, shown } from "./vm-disks.js";
import { type Call, type Outcome, type World, save } from "./world.js";

export function update(
  call: Call,
  vm: Vm,
  request: Request,
  kind: "virtualMachines/update" | "virtualMachines/patch",
): Outcome {
  const { world } = call;
  checkFree(world, vm, "PUT");
  if (vm.inner.generalized && request.properties?.storageProfile !== undefined) {
    throw vmErrors.generalized("updateVM", vm.body.name);
  }
  const { storageProfile: asked, ...properties } = shownProperties(request.properties ?? {});
  const profile = vm.body.properties.storageProfile ?? {};
  const place: VmPlace = {
    id: vm.body.id,
    location: vm.body.location ?? "",
    zones: vm.body.zones,
    computerName: "",
    user: "",
  };
  const before = structuredClone(vm.body.properties);
  const userData = userDataOf(request.properties ?? {});
  const changeNics = changedNics(world, vm, request.properties?.networkProfile);
  const dataDisks =
    asked?.dataDisks === undefined
      ? (profile.dataDisks ?? [])
      : changeDataDisks(world, place, profile.dataDisks ?? [], asked.dataDisks);
  vm.body.properties = {
    ...before,
    ...properties,
    storageProfile: { ...profile, osDisk: swapOsDisk(world, vm, asked?.osDisk), dataDisks },
    networkProfile: changeNics(),
    provisioningState: "Updating",
  };
  if (request.tags !== undefined) vm.body.tags = request.tags;
  Object.assign(vm.body, carried(request));
  vm.inner = { ...vm.inner, ...userData, etag: vm.inner.etag + 1 };
  save(world, vm);
  return { kind: "updated", body: vm.body, operation: start(call, vm, kind, {}) };
}

/** Swapping the OS disk is allowed on a VM that holds no machine. */
function swapOsDisk(world: World, vm: Vm, asked: NonNullable<Properties["storageProfile"]>["osDisk"]) {
  const current = vm.body.properties.storageProfile?.osDisk;
  const wanted = asked?.managedDisk?.id;
  if (current === undefined || asked === undefined) return current;
  if (wanted === undefined || sameId(wanted, current.managedDisk?.id ?? ""))
    return { ...current, ...asked, createOption: current.createOption };
  if (vm.inner.power !== "deallocated" && vm.inner.power !== "stopped")
    throw arm.immutable("osDisk.managedDisk.id");
  const disk = attachable(world, wanted, vm.body.id);
  detachFromVm(world, vm.body.id, (held) => sameId(held.body.id, current.managedDisk?.id ?? ""));
  disk.inner.vmId = vm.body.id;
  save(world, disk);
  return { ...current, ...asked, ...shown(disk), createOption: current.createOption };
}

/** What a request leaves out, or marks so, is detached when the operation ends; what it adds is there at once. */
function changeDataDisks(
  world: World,
  place: VmPlace,
  held: readonly VmDataDisk[],
  asked: readonly VmDataDisk[],
): VmDataDisk[] {
  checkDataDisks(asked);
  return asked.map((disk) => {
    const known = held.find(({ managedDisk, lun }) =>
      disk.managedDisk?.id === undefined
        ? lun === disk.lun
        : sameId(managedDisk?.id ?? "", disk.managedDisk.id),
    );
    return known === undefined
      ? buildDataDisk(world, place, disk, undefined)
      : { ...known, ...disk, name: known.name, managedDisk: known.managedDisk };
  });
}

/** One change of a VM's model at a time. */
export function checkFree(world: World, vm: Vm, what: string): void {
  if (vm.body.properties.provisioningState === "Deleting") throw vmErrors.deleting(what, vm.body.name);
  if (world.operations.underWay(vm.body.id).length > 0) throw arm.concurrentRequest();
}
