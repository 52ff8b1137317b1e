/** Finds what carries our tags by listing the kinds that runs make: Resource Manager's own tag filter lags by minutes. */
import { RUN_TAG } from "../../domain/names.js";
import type { TaggedResource } from "../../domain/janitor.js";
import { subscriptionIdOf } from "../../domain/resource-id.js";
import type { TaggedResources } from "../../ports/tagged-resources.js";
import type { Arm } from "./client.js";
import { locate } from "./client.js";
import { armError } from "./errors.js";

interface Listed {
  readonly id?: string;
  readonly tags?: Record<string, string>;
  readonly managedBy?: string;
  readonly provisioningState?: string;
}

export function armTaggedResources(cloud: Arm): TaggedResources {
  return {
    async list(places) {
      const each = await Promise.all(
        places.map(async (place) => {
          try {
            const found = await Promise.all(listsOf(cloud, place).map(ours));
            return { found: found.flat(), unread: [] };
          } catch (error) {
            const known = armError(error);
            if (known === undefined || known.statusCode >= 500) throw error;
            return { found: [], unread: [{ place, why: `${known.code}: ${known.message}` }] };
          }
        }),
      );
      return {
        found: each.flatMap(({ found }) => found),
        unread: each.flatMap(({ unread }) => unread),
      };
    },
  };
}

function listsOf(cloud: Arm, place: string): readonly AsyncIterable<Listed>[] {
  if (place.includes("/galleries/")) {
    const { client, group, names } = locate(cloud, place, "galleries/images");
    return [client.galleryImageVersions.listByGalleryImage(group, ...names)];
  }
  const client = cloud.compute(subscriptionIdOf(place));
  return [
    client.virtualMachines.listAll(),
    client.disks.list(),
    client.snapshots.list(),
    client.restorePointCollections.listAll(),
    client.images.list(),
  ];
}

async function ours(list: AsyncIterable<Listed>): Promise<TaggedResource[]> {
  const found: TaggedResource[] = [];
  for await (const { id, tags = {}, managedBy, provisioningState } of list)
    if (id !== undefined && tags[RUN_TAG] !== undefined)
      found.push({ id, tags, inUse: managedBy !== undefined, failed: provisioningState === "Failed" });
  return found;
}
