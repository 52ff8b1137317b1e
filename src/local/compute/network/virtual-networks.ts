/** Virtual networks and their subnets: what a network interface has to lie in. */
import { randomUUID } from "node:crypto";
import { isChildOf, parentId, parseId, sameId } from "../model/arm-ids.js";
import { arm } from "../model/errors.js";
import type { Completion } from "../model/operations.js";
import { regionKey } from "../model/regions.js";
import type { IpConfiguration, Subnet, VirtualNetwork } from "../model/resources.js";
import { parse } from "../model/schemas.js";
import { listBelow, reads } from "../model/verbs.js";
import {
  type Call,
  all,
  find,
  found,
  type Outcome,
  remove,
  requireGroup,
  save,
  setState,
  type World,
} from "../model/world.js";
import { holds, overlaps, parsePrefix, type Prefix, prefixText } from "./addresses.js";
import { networkErrors } from "./errors.js";
import { begin, requireFree, settled } from "./operations.js";
import { subnetRequest, virtualNetworkRequest } from "./schemas.js";

export const VNET = "Microsoft.Network/virtualNetworks";
export const SUBNET = "Microsoft.Network/virtualNetworks/subnets";

/** A prefix as Azure takes it, or its refusal. */
export function checkedPrefix(text: string, resource: string): Prefix {
  if (text.includes(":")) throw networkErrors.notSimulated(`IPv6 prefixes (${text} of ${resource})`);
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw networkErrors.prefixFormat(text, resource);
  if (prefixText(prefix) !== text) throw networkErrors.prefixNotation(text, resource, prefixText(prefix));
  return prefix;
}

const subnetsOf = (world: World, networkId: string): Subnet[] => [...all(world, SUBNET, networkId)];

/** The IP configurations that lie in a subnet. */
export const usersOf = (world: World, subnetId: string): IpConfiguration[] =>
  [...all(world, "Microsoft.Network/networkInterfaces")].flatMap(({ body }) =>
    body.properties.ipConfigurations.filter(({ properties }) => sameId(properties.subnet.id, subnetId)),
  );

function subnetBody(world: World, { body }: Subnet) {
  const users = usersOf(world, body.id);
  return {
    ...body,
    properties: {
      ...body.properties,
      ...(users.length === 0 ? {} : { ipConfigurations: users.map(({ id }) => ({ id })) }),
    },
  };
}

const networkBody = (world: World, { body }: VirtualNetwork) => ({
  ...body,
  properties: {
    ...body.properties,
    subnets: subnetsOf(world, body.id).map((subnet) => subnetBody(world, subnet)),
  },
});

interface NewSubnet {
  readonly name: string;
  readonly properties: ReturnType<typeof parse<typeof subnetRequest>>["properties"];
}

/** A subnet that was checked against the network's space and its other subnets; not yet kept. */
function shapedSubnet(
  world: World,
  network: VirtualNetwork,
  others: readonly Subnet[],
  asked: NewSubnet,
): Subnet {
  const id = `${network.body.id}/subnets/${asked.name}`;
  const { addressPrefix = asked.properties.addressPrefixes?.[0] ?? "", ...properties } = asked.properties;
  const prefix = checkedPrefix(addressPrefix, id);
  const space = network.body.properties.addressSpace.addressPrefixes;
  if (!space.some((outer) => holds(checkedPrefix(outer, network.body.id), prefix)))
    throw networkErrors.subnetOutside(asked.name, network.body.name);
  if (others.some(({ body }) => overlaps(checkedPrefix(body.properties.addressPrefix, body.id), prefix)))
    throw networkErrors.subnetsOverlap(asked.name, network.body.name);
  const known = find(world, SUBNET, id)?.body.properties.addressPrefix;
  if (known !== undefined && known !== addressPrefix && usersOf(world, id).length > 0)
    throw networkErrors.prefixInUse(known, asked.name);
  for (const reference of ["networkSecurityGroup", "routeTable", "natGateway"] as const) {
    const named = asked.properties[reference];
    if (named) throw networkErrors.invalidReference(named.id, id);
  }
  return {
    type: SUBNET,
    body: {
      name: asked.name,
      id,
      etag: `W/"${randomUUID()}"`,
      type: SUBNET,
      properties: {
        delegations: [],
        privateEndpointNetworkPolicies: "Disabled",
        privateLinkServiceNetworkPolicies: "Enabled",
        ...properties,
        provisioningState: "Updating",
        addressPrefix,
      },
    },
    inner: {},
  };
}

/** Its subnets as the request says: one that it leaves out goes, unless something lies in it. */
export function putNetwork(call: Call): Outcome {
  const { world, id } = call;
  const group = requireGroup(world, id);
  const request = parse(virtualNetworkRequest, call.body);
  const existing = find(world, VNET, id);
  if (existing !== undefined) requireFree(world, existing.body.id);
  const location = existing?.body.location ?? request.location ?? group.location;
  const { subnets: asked = [], addressSpace, ...properties } = request.properties;
  for (const prefix of addressSpace.addressPrefixes) checkedPrefix(prefix, id);
  const network: VirtualNetwork = {
    type: VNET,
    body: {
      name: parseId(id).name,
      id: existing?.body.id ?? id,
      etag: `W/"${randomUUID()}"`,
      type: VNET,
      location,
      ...(request.tags === undefined ? {} : { tags: request.tags }),
      properties: {
        virtualNetworkPeerings: [],
        enableDdosProtection: false,
        ...properties,
        provisioningState: "Updating",
        resourceGuid: existing?.body.properties["resourceGuid"] ?? randomUUID(),
        addressSpace: { addressPrefixes: [...addressSpace.addressPrefixes] },
      },
    },
    inner: {},
  };
  const shaped: Subnet[] = [];
  for (const subnet of asked) shaped.push(shapedSubnet(world, network, shaped, subnet));
  const gone = subnetsOf(world, id).filter(
    ({ body }) => !shaped.some((subnet) => sameId(subnet.body.id, body.id)),
  );
  for (const { body } of gone) requireUnused(world, body.id);
  for (const { body } of gone) remove(world, body.id);
  save(world, network);
  for (const subnet of shaped) save(world, subnet);
  const operation = begin(call, "virtualNetworks/write", location);
  return {
    kind: existing === undefined ? "created" : "updated",
    body: networkBody(world, network),
    operation,
  };
}

export const { get: getNetwork, list: listNetworks } = reads(VNET, (network, { world }) =>
  networkBody(world, network),
);

export function deleteNetwork(call: Call): Outcome {
  const { world } = call;
  requireGroup(world, call.id);
  const network = find(world, VNET, call.id);
  if (network === undefined) return { kind: "absent" };
  requireFree(world, network.body.id);
  for (const { body } of subnetsOf(world, call.id)) requireUnused(world, body.id);
  setState(world, network, "Deleting");
  const operation = begin(call, "virtualNetworks/delete", network.body.location ?? "");
  return { kind: "accepted", operation, retrySeconds: 10 };
}

function networkOf(call: Call): VirtualNetwork {
  requireGroup(call.world, call.id);
  const id = parentId(call.id);
  const network = find(call.world, VNET, id);
  if (network === undefined) throw arm.resourceNotFound(VNET, parseId(id).name, parseId(id).group);
  return network;
}

export function putSubnet(call: Call): Outcome {
  const { world, id } = call;
  const network = networkOf(call);
  requireFree(world, network.body.id);
  const existing = find(world, SUBNET, id);
  const others = subnetsOf(world, network.body.id).filter(({ body }) => !sameId(body.id, id));
  const { properties } = parse(subnetRequest, call.body);
  const name = existing?.body.name ?? parseId(id).name;
  const subnet = shapedSubnet(world, network, others, { name, properties });
  save(world, subnet);
  const operation = begin(call, "virtualNetworks/write", network.body.location ?? "");
  return {
    kind: existing === undefined ? "created" : "updated",
    body: subnetBody(world, subnet),
    operation,
  };
}

export function getSubnet(call: Call): Outcome {
  networkOf(call);
  const subnet = find(call.world, SUBNET, call.id);
  if (subnet === undefined) throw networkErrors.notFound(call.id);
  return found(subnetBody(call.world, subnet));
}

export const listSubnets = listBelow(VNET, SUBNET, (subnet, { world }) => subnetBody(world, subnet));

export function deleteSubnet(call: Call): Outcome {
  const { world } = call;
  const network = networkOf(call);
  const subnet = find(world, SUBNET, call.id);
  if (subnet === undefined) return { kind: "absent" };
  requireFree(world, network.body.id);
  requireUnused(world, subnet.body.id);
  setState(world, subnet, "Deleting");
  const operation = begin(call, "virtualNetworks/delete", network.body.location ?? "");
  return { kind: "accepted", operation, retrySeconds: 10 };
}

function requireUnused(world: World, subnetId: string): void {
  const [user] = usersOf(world, subnetId);
  if (user !== undefined) throw networkErrors.subnetInUse(parseId(subnetId).name, user.id);
}

/** A subnet for interfaces in this region; made by whom the seed or a request says. */
export function requireSubnet(world: World, subnetId: string, by: string, location: string): Subnet {
  const subnet = find(world, SUBNET, subnetId);
  const network = find(world, VNET, parentId(subnetId));
  const usable =
    regionKey(network?.body.location ?? "") === regionKey(location) &&
    [network, subnet].every((one) => one?.body.properties.provisioningState !== "Deleting");
  if (subnet === undefined || !usable) throw networkErrors.invalidReference(subnetId, by);
  return subnet;
}

export const virtualNetworkCompletions = (world: World): Record<string, Completion> => ({
  "virtualNetworks/write": settled(world, (target) => [
    ...[find(world, VNET, target), find(world, SUBNET, target)].filter((one) => one !== undefined),
    ...subnetsOf(world, target),
  ]),
  "virtualNetworks/delete": {
    complete: ({ target }) => {
      for (const { body } of [...world.tables.resources.values()])
        if (sameId(body.id, target) || isChildOf(body.id, target)) remove(world, body.id);
    },
    failed: ({ target }) => {
      const kept = find(world, VNET, target) ?? find(world, SUBNET, target);
      if (kept !== undefined) setState(world, kept, "Failed");
    },
  },
});
