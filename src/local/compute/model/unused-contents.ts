/** Imported bytes that nothing refers to any more go, or a few tries with a large VHD would fill this machine's disk. */
import type { AnyResource, Holding } from "./resources.js";
import type { World } from "./world.js";

/**
 * First no state may know of the bytes any more, then their files go: killed in between, the next start finds strays.
 * Not to be called amid the steps of an import, whose bytes belong to nobody until the next turn of the event loop.
 */
export function removeUnused({ tables, contents, journal }: World): void {
  const inUse = () => new Set([...tables.resources.values()].flatMap(holdingsOf).map((it) => it.contentId));
  if (!contents.forgetUnused(inUse)) return;
  journal.commit();
  contents.removeStrays();
}

function holdingsOf(resource: AnyResource): readonly Holding[] {
  switch (resource.type) {
    case "Microsoft.Compute/disks":
    case "Microsoft.Compute/snapshots":
    case "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints":
      return [resource.inner.holding];
    case "Microsoft.Compute/restorePointCollections/restorePoints":
      return resource.inner.disks.map(({ holding }) => holding);
    case "Microsoft.Compute/images":
    case "Microsoft.Compute/galleries/images/versions":
      return [resource.inner.os ?? [], resource.inner.data].flat().map(({ holding }) => holding);
    default:
      return [];
  }
}
