/** Network interfaces: made, read, tagged and deleted by themselves. What a VM does to its own is in attachment.ts. */
import { createHash, randomUUID } from "node:crypto";
import type { z } from "zod";
import { parseId, sameId } from "../model/arm-ids.js";
import type { Completion } from "../model/operations.js";
import type { IpConfiguration, Nic } from "../model/resources.js";
import { parse } from "../model/schemas.js";
import { reads } from "../model/verbs.js";
import {
  type Call,
  find,
  must,
  type Outcome,
  remove,
  requireGroup,
  save,
  setState,
  type World,
} from "../model/world.js";
import { freeAddress, parseAddress } from "./addresses.js";
import { networkErrors } from "./errors.js";
import { begin, requireFree, settled } from "./operations.js";
import { type ipConfigurationRequest, nicRequest, tagsRequest } from "./schemas.js";
import { checkedPrefix, requireSubnet, usersOf } from "./virtual-networks.js";

export const NIC = "Microsoft.Network/networkInterfaces";

type AskedIp = z.output<typeof ipConfigurationRequest>;

export interface NewNic {
  readonly id: string;
  readonly location: string;
  readonly tags?: Record<string, string>;
  readonly ipConfigurations: readonly AskedIp[];
  /** Whatever else the request says of it; echoed. */
  readonly properties?: Readonly<Record<string, unknown>>;
  /** Shaped by the same request, and not kept either: their addresses are taken. */
  readonly beside?: readonly Nic[];
}

/** The interface that is asked for, checked, with its addresses; not yet kept. */
export function shapedNic(world: World, asked: NewNic): Nic {
  const { id, location, tags, ipConfigurations, properties = {}, beside = [] } = asked;
  const known = find(world, NIC, id)?.body.properties;
  const group = properties["networkSecurityGroup"] as { readonly id: string } | undefined;
  if (group) throw networkErrors.invalidReference(group.id, id);
  const drafts = beside.flatMap(({ body }) => body.properties.ipConfigurations);
  const shaped: IpConfiguration[] = [];
  for (const [index, one] of ipConfigurations.entries()) {
    const earlier = known?.ipConfigurations.find(({ name }) => name === one.name);
    const primary = one.properties?.primary ?? (ipConfigurations.length === 1 || index === 0);
    shaped.push(shapedIp(world, { id, location, earlier, drafts, before: shaped, primary }, one));
  }
  return {
    type: NIC,
    body: {
      name: parseId(id).name,
      id,
      etag: `W/"${randomUUID()}"`,
      type: NIC,
      location,
      ...(tags === undefined ? {} : { tags }),
      kind: "Regular",
      properties: {
        dnsSettings: { dnsServers: [], appliedDnsServers: [] },
        enableAcceleratedNetworking: false,
        vnetEncryptionSupported: false,
        enableIPForwarding: false,
        disableTcpStateTracking: false,
        hostedWorkloads: [],
        tapConfigurations: [],
        nicType: "Standard",
        allowPort25Out: true,
        auxiliaryMode: "None",
        auxiliarySku: "None",
        ...properties,
        ...attachmentOf(known),
        provisioningState: "Succeeded",
        resourceGuid: known?.resourceGuid ?? randomUUID(),
        ipConfigurations: shaped,
      },
    },
    inner: {},
  };
}

/** What a VM gave the interface; a write of the interface leaves it. */
const attachmentOf = (known: Nic["body"]["properties"] | undefined): object =>
  known?.virtualMachine === undefined
    ? {}
    : { macAddress: known["macAddress"], primary: known["primary"], virtualMachine: known.virtualMachine };

interface IpPlace {
  readonly id: string;
  readonly location: string;
  readonly earlier: IpConfiguration | undefined;
  readonly drafts: readonly IpConfiguration[];
  /** The interface's configurations before this one. */
  readonly before: readonly IpConfiguration[];
  readonly primary: boolean;
}

function shapedIp(world: World, place: IpPlace, asked: AskedIp): IpConfiguration {
  const id = `${place.id}/ipConfigurations/${asked.name}`;
  const { subnet: wanted, publicIPAddress, ...properties } = asked.properties ?? {};
  // A further configuration may leave its subnet out: it lies in that of the first.
  const subnetId = wanted?.id ?? place.before[0]?.properties.subnet.id;
  if (subnetId === undefined) throw networkErrors.subnetRequired(id);
  if (publicIPAddress) throw networkErrors.invalidReference(publicIPAddress.id, place.id);
  const subnet = requireSubnet(world, subnetId, place.id, place.location);
  const { privateIPAllocationMethod = "Dynamic", privateIPAddress } = properties;
  const others = [...usersOf(world, subnet.body.id), ...place.drafts, ...place.before].filter(
    (user) => !sameId(user.id, id) && sameId(user.properties.subnet.id, subnet.body.id),
  );
  const fixed = privateIPAllocationMethod === "Static" ? privateIPAddress : undefined;
  const earlier =
    place.earlier !== undefined && sameId(place.earlier.properties.subnet.id, subnet.body.id)
      ? place.earlier.properties.privateIPAddress
      : undefined;
  const { addressPrefix } = subnet.body.properties;
  const prefix = checkedPrefix(addressPrefix, subnet.body.id);
  const address = parseAddress(fixed ?? "");
  if (fixed !== undefined) {
    if (address === undefined || address < prefix.first || address >= prefix.first + prefix.size)
      throw networkErrors.addressOutside(fixed, addressPrefix);
    const owner = others.find((user) => user.properties.privateIPAddress === fixed);
    if (owner !== undefined) throw networkErrors.addressTaken(id, fixed, owner.id);
  }
  const used = new Set(others.map((user) => user.properties.privateIPAddress));
  const given = fixed ?? earlier ?? freeAddress(prefix, used);
  if (given === undefined) throw networkErrors.subnetFull(subnet.body.name, addressPrefix);
  return {
    name: asked.name,
    id,
    type: `${NIC}/ipConfigurations`,
    properties: {
      ...properties,
      provisioningState: "Succeeded",
      privateIPAddress: given,
      privateIPAllocationMethod,
      subnet: { id: subnet.body.id },
      primary: place.primary,
      privateIPAddressVersion: "IPv4",
    },
  };
}

/** Made once for an interface, as the hardware address of a card. */
export const macOf = (nic: Nic): string => {
  const digest = createHash("sha256").update(nic.body.properties.resourceGuid).digest("hex").toUpperCase();
  return ["00", "0D", "3A", digest.slice(0, 2), digest.slice(2, 4), digest.slice(4, 6)].join("-");
};

export function putNic(call: Call): Outcome {
  const { world, id } = call;
  const group = requireGroup(world, id);
  const existing = find(world, NIC, id);
  if (existing !== undefined) requireFree(world, existing.body.id);
  const { properties, location, tags } = parse(nicRequest, call.body);
  const { ipConfigurations, ...others } = properties;
  const nic = shapedNic(world, {
    id: existing?.body.id ?? id,
    location: existing?.body.location ?? location ?? group.location,
    ...(tags === undefined ? {} : { tags }),
    ipConfigurations,
    properties: others,
  });
  save(world, nic);
  const operation = begin(call, "networkInterfaces/write", nic.body.location ?? "");
  return { kind: existing === undefined ? "created" : "updated", body: nic.body, operation };
}

export function patchNic(call: Call): Outcome {
  const nic = must(call.world, NIC, call.id);
  const { tags } = parse(tagsRequest, call.body);
  if (tags !== undefined) nic.body.tags = tags;
  nic.body["etag"] = `W/"${randomUUID()}"`;
  save(call.world, nic);
  return { kind: "updated", body: nic.body };
}

export function deleteNic(call: Call): Outcome {
  const { world } = call;
  requireGroup(world, call.id);
  const nic = find(world, NIC, call.id);
  if (nic === undefined) return { kind: "absent" };
  const owner = nic.body.properties.virtualMachine?.id;
  if (owner !== undefined) throw networkErrors.nicInUse(nic.body.id, owner);
  requireFree(world, nic.body.id);
  setState(world, nic, "Deleting");
  const operation = begin(call, "networkInterfaces/delete", nic.body.location ?? "");
  return { kind: "accepted", operation, retrySeconds: 10 };
}

export const { get: getNic, list: listNics } = reads(NIC);

export const interfaceCompletions = (world: World): Record<string, Completion> => {
  const ends = settled(world, (target) => [find(world, NIC, target)].filter((nic) => nic !== undefined));
  return {
    "networkInterfaces/write": ends,
    "networkInterfaces/delete": { complete: ({ target }) => remove(world, target), failed: ends.failed },
  };
};
