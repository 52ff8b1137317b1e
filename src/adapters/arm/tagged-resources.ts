/** Finds what carries our tags by listing the kinds that runs make: Resource Manager's own tag filter lags by minutes. */
import { RUN_TAG } from "../../domain/names.js";
import type { TaggedResource } from "../../domain/janitor.js";
import type { TaggedResources } from "../../ports/tagged-resources.js";
import type { Arm } from "./client.js";

interface Listed {
  readonly id?: string;
  readonly tags?: Record<string, string>;
  readonly managedBy?: string;
}

export function armTaggedResources(cloud: Arm, subscriptionIds: readonly string[]): TaggedResources {
  return {
    async list() {
      const lists = [...new Set(subscriptionIds)].flatMap((subscriptionId): AsyncIterable<Listed>[] => {
        const client = cloud.compute(subscriptionId);
        return [
          client.virtualMachines.listAll(),
          client.disks.list(),
          client.snapshots.list(),
          client.restorePointCollections.listAll(),
        ];
      });
      return (await Promise.all(lists.map(ours))).flat();
    },
  };
}

async function ours(list: AsyncIterable<Listed>): Promise<TaggedResource[]> {
  const found: TaggedResource[] = [];
  for await (const { id, tags = {}, managedBy } of list)
    if (id !== undefined && tags[RUN_TAG] !== undefined)
      found.push({ id, tags, inUse: managedBy !== undefined });
  return found;
}
