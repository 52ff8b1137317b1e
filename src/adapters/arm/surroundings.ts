/** Looks around a VM: each question is a request or two, and one that is not answered is told as that. */
import type { Outcome } from "../../domain/outcome.js";
import { done } from "../../domain/outcome.js";
import type { Permission } from "../../domain/rights.js";
import type { Cores, Known, Lock } from "../../domain/survey.js";
import type { Surroundings } from "../../ports/surroundings.js";
import type { Arm } from "./client.js";
import { armError, judge } from "./errors.js";

const LOCKS_API = "2020-05-01";
const PERMISSIONS_API = "2022-04-01";
const SUBNET_API = "2024-05-01";

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

    cores: (subscription, location, size) => tried(() => coresFor(cloud, subscription, location, size)),

    subnet: (subnetId) => tried(async () => (await cloud.read<object>(subnetId, SUBNET_API)) !== undefined),

    region: (subscription, region) =>
      tried(async () => {
        const usages = cloud.compute(subscription).usage.list(region.toLowerCase().replaceAll(" ", ""));
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
      const judged = judge(error);
      if (judged.status === "busy") return judged;
      if (judged.code === "NOT_AUTHORIZED") return done({ forbidden: judged.message });
    }
    return done({ failed: known === undefined ? "" : `${known.code}: ${known.message}` });
  }
}

async function coresFor(cloud: Arm, subscription: string, location: string, size: string): Promise<Cores> {
  const client = cloud.compute(subscription);
  const [sku, usages] = await Promise.all([skuOf(cloud, subscription, location, size), usagesIn()]);
  const family = sku?.family;
  return {
    needed: Number(sku?.capabilities?.find(({ name }) => name === "vCPUs")?.value ?? 0),
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

async function skuOf(cloud: Arm, subscription: string, location: string, size: string) {
  const skus = cloud.compute(subscription).resourceSkus.list({ filter: `location eq '${location}'` });
  for await (const sku of skus)
    if (sku.resourceType === "virtualMachines" && sku.name?.toLowerCase() === size.toLowerCase()) return sku;
  return undefined;
}
