/**
 * The interfaces of a VM. A VM's model names them with what becomes of each when the VM goes; an interface names its
 * VM. Both are kept in step here, and a request is checked whole before anything of it holds.
 */
import { randomUUID } from "node:crypto";
import { groupId, parentId, parseId, sameId } from "../model/arm-ids.js";
import { arm, type ErrorBody } from "../model/errors.js";
import { vmErrors } from "../model/vm-errors.js";
import { regionKey } from "../model/regions.js";
import type { Nic, Vm } from "../model/resources.js";
import { all, find, remove, save, type World } from "../model/world.js";
import { networkErrors } from "./errors.js";
import { macOf, NIC, shapedNic } from "./interfaces.js";
import { SUBNET, usersOf } from "./virtual-networks.js";

type Profile = NonNullable<Vm["body"]["properties"]["networkProfile"]>;
type Reference = NonNullable<Profile["networkInterfaces"]>[number];
type Configuration = NonNullable<Profile["networkInterfaceConfigurations"]>[number];

/** Makes what was checked come true, and says what the VM's model then names. */
export type NicChange = () => Pick<Profile, "networkInterfaces">;

interface Place {
  readonly id: string;
  readonly location: string;
}

/** The interfaces a new VM names, and those it describes: these are made beside it, in its group. */
export function newNics(world: World, vm: Place, profile: Profile): NicChange {
  const named = profile.networkInterfaces ?? [];
  const nics = named.map(({ id }) => attachable(world, id, vm));
  const configurations = profile.networkInterfaceConfigurations ?? [];
  const made: Nic[] = [];
  for (const configuration of configurations) made.push(described(world, vm, made, configuration));
  const alone = named.length + made.length === 1;
  const references: Reference[] = [
    ...named,
    ...made.map(({ body: { id } }, index) => {
      const { primary = alone, deleteOption = "Delete" } = configurations[index]?.properties ?? {};
      return { id, properties: { primary, deleteOption } };
    }),
  ];
  requirePrimary(vm.id, references);
  return () => {
    for (const nic of [...nics, ...made]) attach(world, nic, vm.id, isPrimary(nic, references));
    return { networkInterfaces: references };
  };
}

/**
 * What a PUT or PATCH makes of a VM's interfaces. What it does not say of one stays; an empty list changes nothing
 * (azure-powershell#1636); descriptions belong to the making of a VM and are passed over.
 */
export function changedNics(world: World, vm: Vm, profile: Profile | undefined): NicChange {
  const held = vm.body.properties.networkProfile?.networkInterfaces ?? [];
  const asked = profile?.networkInterfaces ?? [];
  if (asked.length === 0) return () => ({ networkInterfaces: held });
  const added = asked.filter(({ id }) => !held.some((known) => sameId(known.id, id)));
  const removed = held.filter(({ id }) => !asked.some((wanted) => sameId(wanted.id, id)));
  if (added.length + removed.length > 0 && vm.inner.power !== "deallocated")
    throw networkErrors.nicsChangeRunning(vm.body.id);
  const place = { id: vm.body.id, location: vm.body.location ?? "" };
  const nics = asked.map(({ id }) => attachable(world, id, place));
  const references = asked.map((wanted): Reference => {
    const known = held.find(({ id }) => sameId(id, wanted.id));
    const properties = { ...known?.properties, ...wanted.properties };
    return { ...known, ...wanted, ...(Object.keys(properties).length === 0 ? {} : { properties }) };
  });
  requirePrimary(vm.body.id, references);
  return () => {
    for (const { id } of removed) detach(world, find(world, NIC, id));
    for (const nic of nics) attach(world, nic, vm.body.id, isPrimary(nic, references));
    return { networkInterfaces: references };
  };
}

/** What becomes of the interfaces of a VM that goes: those marked so go too, the others are free again. */
export function releaseNics(world: World, vm: Vm): void {
  const references = vm.body.properties.networkProfile?.networkInterfaces ?? [];
  for (const nic of [...all(world, NIC)]) {
    const owner = nic.body.properties.virtualMachine?.id;
    if (owner === undefined || !sameId(owner, vm.body.id)) continue;
    const reference = references.find(({ id }) => sameId(id, nic.body.id));
    if (reference?.properties?.deleteOption === "Delete") remove(world, nic.body.id);
    else detach(world, nic);
  }
}

/** What keeps a group from going: an interface of a VM elsewhere, a subnet in which something from elsewhere lies. */
export function networkBlockers(world: World, group: string): { id: string; error: ErrorBody }[] {
  const elsewhere = (id: string) => !sameId(groupOf(id), group);
  const nics = [...all(world, NIC, group)].flatMap(({ body: { id, properties } }) => {
    const owner = properties.virtualMachine?.id;
    const blocked = owner !== undefined && elsewhere(owner);
    return blocked ? [{ id, error: networkErrors.nicInUse(id, owner).body }] : [];
  });
  const networks = [...all(world, SUBNET, group)].flatMap(({ body: { id, name } }) => {
    const user = usersOf(world, id).find((one) => elsewhere(one.id));
    return user === undefined
      ? []
      : [{ id: parentId(id), error: networkErrors.subnetInUse(name, user.id).body }];
  });
  return [...nics, ...networks];
}

const groupOf = (id: string): string => id.split("/").slice(0, 5).join("/");

const isPrimary = (nic: Nic, references: readonly Reference[]): boolean =>
  references.length === 1 ||
  references.find(({ id }) => sameId(id, nic.body.id))?.properties?.["primary"] === true;

function requirePrimary(vmId: string, references: readonly Reference[]): void {
  if (references.length === 0) throw vmErrors.missing("networkProfile.networkInterfaces");
  const primaries = references.filter(({ properties }) => properties?.["primary"] === true);
  if (references.length > 1 && primaries.length !== 1) throw networkErrors.onePrimary(vmId);
}

function attachable(world: World, nicId: string, vm: Place): Nic {
  const nic = find(world, NIC, nicId);
  if (nic === undefined || regionKey(nic.body.location ?? "") !== regionKey(vm.location))
    throw arm.invalidReference(nicId, vm.id);
  const { virtualMachine, provisioningState } = nic.body.properties;
  if (provisioningState === "Deleting") throw arm.invalidReference(nicId, vm.id);
  if (virtualMachine !== undefined && !sameId(virtualMachine.id, vm.id))
    throw vmErrors.nicInUse(nicId, virtualMachine.id);
  return nic;
}

function described(
  world: World,
  vm: Place,
  beside: readonly Nic[],
  { name, tags, properties = {} }: Configuration,
): Nic {
  const { ipConfigurations = [], enableAcceleratedNetworking, networkSecurityGroup } = properties;
  const { subscriptionId, group } = parseId(vm.id);
  // The suffix is the service's: two VMs may describe interfaces of one name.
  const id = `${groupId(subscriptionId, group)}/providers/${NIC}/${name}-${randomUUID().slice(0, 8)}`;
  if (ipConfigurations.length === 0) throw vmErrors.missing("networkInterfaceConfiguration.ipConfigurations");
  for (const { properties: ip } of ipConfigurations)
    if (ip?.["publicIPAddressConfiguration"])
      throw networkErrors.notSimulated("public IP addresses (publicIPAddressConfiguration)");
  return shapedNic(world, {
    id,
    location: vm.location,
    ...(tags === undefined ? {} : { tags }),
    beside,
    ipConfigurations: ipConfigurations.map((one) => ({
      name: one.name,
      properties: {
        ...(one.properties?.subnet === undefined ? {} : { subnet: one.properties.subnet }),
        ...(one.properties?.["primary"] === true ? { primary: true } : {}),
      },
    })),
    properties: {
      ...(enableAcceleratedNetworking === undefined ? {} : { enableAcceleratedNetworking }),
      ...(networkSecurityGroup === undefined ? {} : { networkSecurityGroup }),
    },
  });
}

function attach(world: World, nic: Nic, vmId: string, primary: boolean): void {
  Object.assign(nic.body.properties, { macAddress: macOf(nic), primary, virtualMachine: { id: vmId } });
  save(world, nic);
}

function detach(world: World, nic: Nic | undefined): void {
  if (nic === undefined) return;
  const { properties } = nic.body;
  delete properties["macAddress"];
  delete properties["primary"];
  delete properties.virtualMachine;
  save(world, nic);
}
