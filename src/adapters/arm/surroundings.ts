/** Looks around a VM: every question is a read, asked in parallel, and one that fails spoils no other. */
import type { AzureFacts, Known, Lock } from "../../domain/azure-preflight.js";
import { done } from "../../domain/outcome.js";
import type { Surroundings } from "../../ports/surroundings.js";
import type { Arm } from "./client.js";
import { idOf, locate } from "./client.js";
import { armError } from "./errors.js";

const LOCKS_API = "2020-05-01";
const SUBNET_API = "2024-05-01";

export function armSurroundings(cloud: Arm): Surroundings {
  return {
    async survey(question) {
      const { subscriptionId } = idOf(question.sourceVmId);
      const client = cloud.compute(subscriptionId);
      const { sourceVmId, workGroupId, location, size, subnetId, regions } = question;
      const vm = locate(cloud, sourceVmId);
      const group = workGroupId.split("/").at(-1) ?? "";
      const [locks, commands, disks, points, subnet, cores, ...there] = await Promise.all([
        tried(() => locksIn(cloud, subscriptionId, [...new Set([groupOf(sourceVmId), workGroupId])])),
        tried(() => firstOf(vm.client.virtualMachineRunCommands.listByVirtualMachine(vm.group, vm.names[0]))),
        tried(() => firstOf(client.disks.listByResourceGroup(group))),
        tried(() => firstOf(client.restorePointCollections.list(group))),
        subnetId === undefined ? undefined : tried(() => exists(cloud, subnetId)),
        size === undefined ? undefined : tried(() => coresFor(cloud, subscriptionId, location, size)),
        ...regions.map((region) => tried(() => firstOf(client.usage.list(plain(region))))),
      ]);
      return done<AzureFacts>({
        locks,
        reads: {
          "ask-the-guest": commands,
          "make-disks": disks,
          "make-restore-points": points,
          ...(subnet === undefined ? {} : { "join-the-subnet": subnet }),
        },
        ...(cores === undefined ? {} : { cores }),
        regions: Object.fromEntries(
          regions.map((region, index) => [region, there[index] ?? { failed: "not asked" }]),
        ),
      });
    },
  };
}

const plain = (region: string) => region.toLowerCase().replaceAll(" ", "");
const groupOf = (id: string): string => id.split("/").slice(0, 5).join("/");

/** An outage is thrown, for the retry policy to ride out; an answer of Azure, whichever, is one. */
async function tried<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: await read() };
  } catch (error) {
    const known = armError(error);
    // 501 is the embedded Azure's word for what it does not simulate.
    if (
      known === undefined ||
      known.statusCode === 429 ||
      (known.statusCode >= 500 && known.statusCode !== 501)
    )
      throw error;
    const said = `${known.code}: ${known.message}`;
    return known.statusCode === 401 || known.statusCode === 403 ? { forbidden: said } : { failed: said };
  }
}

async function firstOf(list: AsyncIterable<unknown>): Promise<true> {
  await list[Symbol.asyncIterator]().next();
  return true;
}

async function exists(cloud: Arm, id: string): Promise<true> {
  if ((await cloud.read(id, SUBNET_API)) === undefined)
    throw Object.assign(new Error(`There is no ${id}.`), { statusCode: 404, code: "ResourceNotFound" });
  return true;
}

async function locksIn(
  cloud: Arm,
  subscriptionId: string,
  groups: readonly string[],
): Promise<readonly Lock[]> {
  interface Listed {
    readonly value?: readonly { id: string; name: string; properties: { level: string } }[];
  }
  const lists = await Promise.all(
    groups.map((group) =>
      cloud.readPath<Listed>(subscriptionId, `${group}/providers/Microsoft.Authorization/locks`, LOCKS_API),
    ),
  );
  return lists.flatMap((list) =>
    (list?.value ?? []).map(({ id, name, properties }) => ({
      name,
      level: properties.level,
      scope: id.replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i, ""),
    })),
  );
}

async function coresFor(cloud: Arm, subscriptionId: string, location: string, size: string) {
  const client = cloud.compute(subscriptionId);
  let family: string | undefined;
  let needed = 0;
  for await (const sku of client.resourceSkus.list({ filter: `location eq '${location}'` })) {
    if (sku.resourceType !== "virtualMachines" || sku.name?.toLowerCase() !== size.toLowerCase()) continue;
    family = sku.family;
    needed = Number(sku.capabilities?.find(({ name }) => name === "vCPUs")?.value ?? 0);
    break;
  }
  const usages = new Map<string, { used: number; limit: number }>();
  for await (const { name, currentValue, limit } of client.usage.list(location))
    usages.set(name.value?.toLowerCase() ?? "", { used: currentValue, limit });
  const regional = usages.get("cores");
  return {
    needed,
    family: family ?? "(unknown)",
    regional,
    ofFamily: usages.get(family?.toLowerCase() ?? ""),
  };
}
