/** Looks around a VM: each question is a request or two, and one that is not answered is told as that. */
import type { ComputeManagementClient, ResourceSku } from "@azure/arm-compute";
import type { Outcome } from "../../domain/outcome.js";
import { done } from "../../domain/outcome.js";
import type { Permission } from "../../domain/rights.js";
import { plainRegion } from "../../domain/region.js";
import { parentId, sameResource } from "../../domain/resource-id.js";
import type { Cores, CoresQuestion, Known, Lock, SubnetFacts } from "../../domain/survey.js";
import type { Surroundings } from "../../ports/surroundings.js";
import type { Arm } from "./client.js";
import { NETWORK_API } from "./client.js";
import { armError, classify } from "./errors.js";

const LOCKS_API = "2020-05-01";
const PERMISSIONS_API = "2022-04-01";

interface ListedLock {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly level: string };
}

export function armSurroundings(cloud: Arm): Surroundings {
  return {
    locks: (scope) =>
      tried(async () => {
        const path = `${scope}/providers/Microsoft.Authorization/locks`;
        const listed = there(await cloud.readList<ListedLock>(path, LOCKS_API), scope);
        return listed.map(({ id, name, properties }): Lock => ({
          name,
          level: properties.level,
          scope: id.replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i, ""),
        }));
      }),

    permissions: (scope) =>
      tried(async () => {
        const path = `${scope}/providers/Microsoft.Authorization/permissions`;
        const listed = there(await cloud.readList<Partial<Permission>>(path, PERMISSIONS_API), scope);
        return listed.map(({ actions = [], notActions = [] }): Permission => ({ actions, notActions }));
      }),

    cores: (question) => tried(() => coresFor(cloud, question)),

    subnet: (subnetId) => tried(() => subnetIn(cloud, subnetId)),

    region: (subscription, region) =>
      tried(async () => {
        const usages = cloud.compute(subscription).usage.list(plainRegion(region));
        await usages[Symbol.asyncIterator]().next();
        return true as const;
      }),
  };
}

function there<T>(found: T | undefined, id: string): T {
  if (found !== undefined) return found;
  throw Object.assign(new Error(`There is no ${id}.`), { statusCode: 404, code: "NotFound" });
}

/** An outage is thrown, for the retry policy to ride out, and a throttle is waited out; any other answer is one. */
async function tried<T>(read: () => Promise<T>): Promise<Outcome<Known<T>>> {
  try {
    return done({ known: await read() });
  } catch (error) {
    const known = armError(error);
    // 501 is the embedded Azure's word for what it does not simulate.
    if (known?.statusCode !== 501) {
      const classified = classify(error);
      if (classified.status === "busy") return classified;
      if (classified.code === "NOT_AUTHORIZED") return done({ forbidden: classified.message });
    }
    if (known?.statusCode === 404) return done({ absent: known.message });
    return done({ failed: known === undefined ? "" : `${known.code}: ${known.message}` });
  }
}

interface Network {
  readonly location: string;
  readonly properties: {
    readonly subnets?: readonly { readonly id: string; readonly properties: SubnetProperties }[];
  };
}

interface SubnetProperties {
  readonly addressPrefix?: string;
  readonly addressPrefixes?: readonly string[];
  readonly ipConfigurations?: readonly unknown[];
}

/** Asked of the network, which alone has the region. */
async function subnetIn(cloud: Arm, subnetId: string): Promise<SubnetFacts | null> {
  const network = await cloud.read<Network>(parentId(subnetId), NETWORK_API);
  const subnet = network?.properties.subnets?.find(({ id }) => sameResource(id, subnetId));
  if (network === undefined || subnet === undefined) return null;
  return { location: network.location, freeAddresses: freeAddresses(subnet.properties) };
}

/** Azure keeps the first four addresses and the last of every range (Microsoft, "Virtual network FAQ"). */
const KEPT_ADDRESSES = 5;

function freeAddresses({ addressPrefix, addressPrefixes, ipConfigurations }: SubnetProperties): number {
  const prefixes = addressPrefixes ?? (addressPrefix === undefined ? [] : [addressPrefix]);
  const ipv4 = prefixes.filter((prefix) => !prefix.includes(":"));
  const room = ipv4.reduce(
    (sum, prefix) => sum + 2 ** (32 - Number(prefix.split("/")[1])) - KEPT_ADDRESSES,
    0,
  );
  // Which of a dual-stack subnet's configurations are IPv4 is not told: better a late refusal than a wrong one.
  const used = ipv4.length === prefixes.length ? (ipConfigurations?.length ?? 0) : 0;
  return Math.max(0, room - used);
}

async function coresFor(cloud: Arm, question: CoresQuestion): Promise<Cores> {
  const { subscriptionId, location, size, vms } = question;
  const client = cloud.compute(subscriptionId);
  const [sku, usages] = await Promise.all([skuOf(client, question), usagesIn()]);
  const family = sku?.family;
  return {
    needed: vms * Number(sku?.capabilities?.find(({ name }) => name === "vCPUs")?.value ?? 0),
    size,
    closed: closedBy(sku, question),
    family: family ?? "(unknown)",
    regional: usages.get("cores"),
    ofFamily: usages.get(family?.toLowerCase() ?? ""),
  };

  async function usagesIn() {
    const found = new Map<string, { used: number; limit: number }>();
    for await (const { name, currentValue, limit } of client.usage.list(location))
      found.set(name.value?.toLowerCase() ?? "", { used: currentValue, limit });
    return found;
  }
}

async function skuOf(client: ComputeManagementClient, { location, size }: CoresQuestion) {
  for await (const sku of client.resourceSkus.list({ filter: `location eq '${location}'` }))
    if (sku.resourceType === "virtualMachines" && sku.name?.toLowerCase() === size.toLowerCase()) return sku;
  return undefined;
}

/** A restriction of the region holds for all of it, one of zones for a VM in one of them. */
function closedBy(sku: ResourceSku | undefined, { zones }: CoresQuestion): string | undefined {
  const restriction = sku?.restrictions?.find(
    ({ type, restrictionInfo }) =>
      type === "Location" || zones.some((zone) => restrictionInfo?.zones?.includes(zone) === true),
  );
  if (restriction === undefined) return undefined;
  const { type, reasonCode = "restricted" } = restriction;
  return type === "Location" ? reasonCode : `${reasonCode} in zone ${zones.join(", ")}`;
}
