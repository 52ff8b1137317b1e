/** Networks that stand at the start: those the seed lists, and those its VMs' interfaces are said to lie in. */
import { groupId, isChildOf, keyOf, parentId, parseId } from "../model/arm-ids.js";
import { makeGroup } from "../model/resource-groups.js";
import type { Subnet, VirtualNetwork } from "../model/resources.js";
import { all, find, save, type World } from "../model/world.js";
import type { SeedNetwork } from "../seed.js";
import { overlaps, prefixText } from "./addresses.js";
import { shapedNic } from "./interfaces.js";
import { checkedPrefix, SUBNET, VNET } from "./virtual-networks.js";

const WIDE = "10.0.0.0/8";
const SUBNETS_OF_A_NETWORK = 256;

interface Place {
  readonly prefix: string;
  readonly location: string;
}

export function seedNetwork(world: World, seed: SeedNetwork, { prefix, location }: Place): void {
  const id = `${prefix}/providers/${VNET}/${seed.name}`;
  makeNetwork(world, id, location, seed.addressPrefix);
  for (const { name, addressPrefix } of seed.subnets)
    makeSubnet(world, `${id}/subnets/${name}`, addressPrefix);
}

/** A VM's interface with its address; the subnet is made where the seed did not list it. */
export function seedNic(
  world: World,
  { id, location, subnetId }: { readonly id: string; readonly location: string; readonly subnetId: string },
): void {
  makeMissing(world, subnetId, location);
  const ipConfigurations = [{ name: "ipconfig1", properties: { subnet: { id: subnetId } } }];
  save(world, shapedNic(world, { id, location, ipConfigurations }));
}

/** A subnet that has to be there whatever was seeded, and when: in this subscription, by the names that its id says. */
export function standSubnet(world: World, named: string): void {
  const { group } = parseId(named);
  const home = groupId(world.subscriptionId(), group);
  const groups = [...all(world, "Microsoft.Resources/resourceGroups")];
  const own = groups.find(({ body }) => keyOf(body.id) === keyOf(home));
  const { location = "westeurope" } = (own ?? groups[0])?.body ?? {};
  if (own === undefined) makeGroup(world, group, location, {});
  makeMissing(world, home + named.slice(named.indexOf("/providers/")), location);
}

function makeMissing(world: World, subnetId: string, location: string): void {
  if (find(world, VNET, parentId(subnetId)) === undefined) makeNetwork(world, parentId(subnetId), location);
  if (find(world, SUBNET, subnetId) === undefined) makeSubnet(world, subnetId);
}

function makeNetwork(world: World, id: string, location: string, addressPrefix = WIDE): void {
  const network: VirtualNetwork = {
    type: VNET,
    body: {
      name: parseId(id).name,
      id,
      type: VNET,
      location,
      properties: {
        provisioningState: "Succeeded",
        addressSpace: { addressPrefixes: [addressPrefix] },
        virtualNetworkPeerings: [],
        enableDdosProtection: false,
      },
    },
    inner: {},
  };
  save(world, network);
}

function makeSubnet(world: World, id: string, addressPrefix = nextPrefix(world, parentId(id))): void {
  const subnet: Subnet = {
    type: SUBNET,
    body: {
      name: parseId(id).name,
      id,
      type: SUBNET,
      properties: {
        provisioningState: "Succeeded",
        addressPrefix,
        delegations: [],
        privateEndpointNetworkPolicies: "Disabled",
        privateLinkServiceNetworkPolicies: "Enabled",
      },
    },
    inner: {},
  };
  save(world, subnet);
}

/** The first 256th of the network that no subnet has. */
function nextPrefix(world: World, networkId: string): string {
  const network = find(world, VNET, networkId);
  const space = network?.body.properties.addressSpace.addressPrefixes[0] ?? WIDE;
  const { first, size } = checkedPrefix(space, networkId);
  const taken = [...all(world, SUBNET)]
    .filter(({ body }) => isChildOf(body.id, networkId))
    .map(({ body }) => checkedPrefix(body.properties.addressPrefix, body.id));
  const part = size / SUBNETS_OF_A_NETWORK;
  for (let index = 0; index < SUBNETS_OF_A_NETWORK; index += 1) {
    const prefix = { first: first + index * part, size: part };
    if (!taken.some((other) => overlaps(other, prefix))) return prefixText(prefix);
  }
  throw new Error(`${networkId} has no room for another subnet: give it a wider address prefix.`);
}
