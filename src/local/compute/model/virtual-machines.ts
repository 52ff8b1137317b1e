/** Virtual machines: created, changed, read and deleted. Power is in vm-power.ts, what a GET adds in instance-view.ts. */
import { randomUUID } from "node:crypto";
import { merge } from "../guests/guest.js";
import { newNics, releaseNics } from "../network/attachment.js";
import { isChildOf, parseId } from "./arm-ids.js";
import { DISK, detachFromVm } from "./disks.js";
import { AGENT_BOOT_MS, NEVER_MS, OS_PROVISIONING_LIMIT_MS } from "./durations.js";
import { ArmError, arm } from "./errors.js";
import { diskErrors } from "./storage-errors.js";
import { vmErrors } from "./vm-errors.js";
import { canReport, guestOf, instanceView } from "./instance-view.js";
import type { Completion } from "./operations.js";
import type { Vm } from "./resources.js";
import { regionKey } from "./regions.js";
import { parse, patchRequest, vmRequest } from "./schemas.js";
import { type VmPlace, buildDisks, holdsDisk } from "./vm-disks.js";
import { fails, reads, standing, tracked } from "./verbs.js";
import { type Request, carried, shownProperties, start, userDataOf } from "./vm-requests.js";
import { coresUsed, isClosed, limitOf, sizeOf } from "./vm-sizes.js";
import { extensionsOf } from "./vm-extensions.js";
import { VM, booted } from "./vm-state.js";
import { update } from "./vm-update.js";
import {
  type Call,
  type Outcome,
  type World,
  all,
  find,
  listed,
  must,
  remove,
  requireGroup,
  save,
  setState,
  timestamp,
} from "./world.js";

export function putVm(call: Call): Outcome {
  const existing = find(call.world, VM, call.id);
  const request = parse(vmRequest, call.body);
  return existing === undefined
    ? create(call, request)
    : update(call, existing, request, "virtualMachines/update");
}

/** Only the sections that a PATCH names are touched; within them it is a merge. */
export function patchVm(call: Call): Outcome {
  const vm = must(call.world, VM, call.id);
  const { properties: patch = {}, ...others } = parse(patchRequest, call.body);
  const known = Object.fromEntries(Object.entries(vm.body.properties).filter(([name]) => name in patch));
  const properties = merge<unknown>(known, patch);
  return update(call, vm, parse(vmRequest, { ...others, properties }), "virtualMachines/patch");
}

export function create(call: Call, request: Request): Outcome {
  const { world, id } = call;
  const group = requireGroup(world, id);
  const { name } = parseId(id);
  const location = request.location ?? group.location;
  const properties = request.properties ?? {};
  if (properties.hardwareProfile?.vmSize === undefined) throw vmErrors.missing("hardwareProfile.vmSize");
  if (properties.networkProfile === undefined) throw vmErrors.missing("networkProfile");
  checkQuota(world, properties.hardwareProfile.vmSize, location);
  if (isClosed(world, properties.hardwareProfile.vmSize, request.zones))
    throw vmErrors.sizeClosed(properties.hardwareProfile.vmSize, location);
  const place: VmPlace = {
    id,
    location,
    zones: request.zones,
    tags: request.tags,
    computerName: properties.osProfile?.computerName ?? name,
    user: properties.osProfile?.adminUsername ?? "",
  };
  const takeNics = newNics(world, place, properties.networkProfile);
  const { storageProfile, image, generation } = buildDisks(world, place, properties.storageProfile ?? {});
  const specialized = image?.osState === "Specialized";
  if (image?.osState === "Generalized" && properties.osProfile === undefined)
    throw vmErrors.missing("osProfile");
  const attached = image === undefined && storageProfile.osDisk?.vhd === undefined;
  if ((specialized || attached) && properties.osProfile !== undefined) throw vmErrors.unexpected("osProfile");
  const now = world.clock.now();
  const vm: Vm = {
    type: VM,
    body: {
      ...tracked(VM, id, location, request.tags),
      ...(request.zones === undefined ? {} : { zones: request.zones }),
      ...carried(request),
      properties: {
        ...shownProperties(properties),
        vmId: randomUUID(),
        storageProfile,
        networkProfile: takeNics(),
        provisioningState: "Creating",
        timeCreated: timestamp(now),
      },
    },
    inner: {
      power: "starting",
      boot: 0,
      generalized: false,
      specialized,
      createdMs: now,
      changedMs: now,
      agentReadyMs: NEVER_MS,
      generation,
      etag: 1,
      ...userDataOf(properties),
    },
  };
  save(world, vm);
  const waitsForAgent = image?.osState === "Generalized";
  const operation = start(
    call,
    vm,
    "virtualMachines/create",
    { waitsForAgent },
    {
      firstPollSeconds: 30,
      ...(waitsForAgent && neverReports(world, vm) ? { forMs: OS_PROVISIONING_LIMIT_MS } : {}),
    },
  );
  return { kind: "created", body: vm.body, operation, retrySeconds: 10 };
}

/** A disk without a known guest may hold anything, also what reports. */
function neverReports(world: World, vm: Vm): boolean {
  const guest = guestOf(world, vm);
  return guest !== undefined && !canReport(guest);
}

function checkQuota(world: World, vmSize: string, location: string): void {
  const { cores, family } = sizeOf(vmSize);
  const checks = [
    ["cores", "Total Regional Cores", coresUsed(world, location)],
    [family, `${family} Cores`, coresUsed(world, location, family)],
  ] as const;
  for (const [name, label, used] of checks) {
    if (used + cores > limitOf(world, name))
      throw vmErrors.quota(label, location, limitOf(world, name), used, cores);
  }
}

type Expanded = "instanceview" | "userdata";

function view(world: World, vm: Vm, expanded?: Expanded): Record<string, unknown> {
  const resources = extensionsOf(world, vm);
  const { userData = "" } = vm.inner;
  return {
    ...vm.body,
    properties: {
      ...vm.body.properties,
      ...(expanded === "instanceview" ? { instanceView: instanceView(world, vm) } : {}),
      ...(expanded === "userdata" && userData !== "" ? { userData } : {}),
    },
    ...(resources.length === 0 ? {} : { resources }),
    etag: `"${vm.inner.etag}"`,
  };
}

const expandOf = ({ query }: Call) => query.get("$expand")?.toLowerCase() as Expanded | undefined;

export const { get: getVm } = reads(VM, (vm, call) => view(call.world, vm, expandOf(call)));

export const listVmsByLocation = (call: Call): Outcome =>
  listed(
    [...all(call.world, VM)]
      .filter(({ body }) => regionKey(body.location ?? "") === regionKey(call.params["location"] ?? ""))
      .map((vm) => view(call.world, vm)),
  );

export const { list: listVms } = reads(VM, (vm, call) =>
  view(
    call.world,
    vm,
    call.query.get("statusOnly") === "true" || expandOf(call) === "instanceview" ? "instanceview" : undefined,
  ),
);

export function deleteVm(call: Call): Outcome {
  const { world } = call;
  requireGroup(world, call.id);
  const vm = find(world, VM, call.id);
  if (vm === undefined) return { kind: "absent" };
  world.operations.abandon(vm.body.id, arm.preempted(), ({ kind }) => kind !== "virtualMachines/delete");
  setState(world, vm, "Deleting");
  return {
    kind: "accepted",
    operation: start(call, vm, "virtualMachines/delete", {}, { firstPollSeconds: 30 }),
    retrySeconds: 10,
  };
}

/** Disks and interfaces follow their deleteOption; a disk that somebody reads stays, as a leftover. */
function removeVm(world: World, vm: Vm): void {
  const { storageProfile } = vm.body.properties;
  const doomed = [storageProfile?.osDisk, ...(storageProfile?.dataDisks ?? [])].filter(
    (disk) => disk?.deleteOption === "Delete",
  );
  detachFromVm(world, vm.body.id);
  for (const disk of doomed) if (disk?.managedDisk?.id !== undefined) remove(world, disk.managedDisk.id);
  releaseNics(world, vm);
  for (const { body } of [...world.tables.resources.values()])
    if (isChildOf(body.id, vm.body.id)) remove(world, body.id);
  world.operations.abandon(vm.body.id, arm.preempted(), ({ hidden }) => hidden === true);
  remove(world, vm.body.id);
}

export const vmCompletions = (world: World): Record<string, Completion> => {
  const failed = fails(world, VM);
  const updated: Completion = {
    complete: ({ target }) => {
      const vm = standing(world, VM, target);
      const profile = vm.body.properties.storageProfile;
      if (profile !== undefined)
        profile.dataDisks = (profile.dataDisks ?? []).filter(({ toBeDetached }) => toBeDetached !== true);
      detachFromVm(world, vm.body.id, (disk) => !holdsDisk(profile, disk));
      vm.inner.etag += 1;
      setState(world, vm, "Succeeded");
    },
    failed,
  };
  return {
    "virtualMachines/create": {
      complete: ({ target, details }) => {
        const vm = standing(world, VM, target);
        const osDisk = find(world, DISK, vm.body.properties.storageProfile?.osDisk?.managedDisk?.id ?? "");
        if (osDisk?.inner.access !== undefined && osDisk.inner.access.expiresMs > world.clock.now())
          throw diskErrors.activeSas(osDisk.body.name);
        booted(world, vm, world.clock.now() + (details["waitsForAgent"] === true ? 0 : AGENT_BOOT_MS));
        // The machine runs, but nobody in it ever said that it is set up.
        if (details["waitsForAgent"] === true && neverReports(world, vm))
          throw new ArmError(409, vmErrors.provisioningTimedOut(vm.body.name));
        setState(world, vm, "Succeeded");
      },
      failed,
    },
    "virtualMachines/update": updated,
    "virtualMachines/patch": updated,
    "virtualMachines/delete": {
      complete: ({ target }) => {
        const vm = find(world, VM, target);
        if (vm !== undefined) removeVm(world, vm);
      },
      failed,
    },
  };
};
