/**
 * Under which customers' keys an image lies, region by region: an encryption set is of one region and must be in the
 * image's subscription, and what is under a customer's key does not go back under Azure's. Source: Microsoft, "Create
 * an encrypted image version with customer-managed keys".
 */
import type { TargetQuestion } from "./image-order.js";
import type { Finding } from "./preflight.js";
import { block, pass } from "./preflight.js";
import { sameRegion } from "./region.js";
import { sameResource, subscriptionIdOf } from "./resource-id.js";
import type { Target, TargetRegion } from "./target.js";

interface KeyedDisk {
  readonly lun: number;
  readonly encryptionSetId?: string | undefined;
}

/** The set that a region names is for all disks of its replicas; at home each disk keeps its own where none is named. */
export const setsIn = (
  { name, encryptionSetId: named }: TargetRegion,
  home: string,
  disks: readonly KeyedDisk[],
): { readonly lun: number; readonly id: string }[] =>
  disks.flatMap(({ lun, encryptionSetId: own }) => {
    const id = named ?? (sameRegion(name, home) ? own : undefined);
    return id === undefined ? [] : [{ lun, id }];
  });

/** The sets that a target's regions name. */
export const namedSets = (target: Target): string[] =>
  target.kind === "gallery" ? target.regions.flatMap(({ encryptionSetId }) => encryptionSetId ?? []) : [];

/** The sets of disks, each once. */
export const setsOf = (disks: readonly Pick<KeyedDisk, "encryptionSetId">[]): string[] => [
  ...new Set(disks.flatMap(({ encryptionSetId }) => encryptionSetId ?? [])),
];

export function judgeKeys({ target, location, encryptionSetIds: own = [] }: TargetQuestion): Finding {
  const regions = target.kind === "gallery" ? target.regions : [];
  const named = namedSets(target);
  const without = regions.filter(
    ({ name, encryptionSetId }) => encryptionSetId === undefined && !sameRegion(name, location),
  );
  if (own.length > 0 && without.length > 0)
    return block(
      `The source's disks are under a customer's key; no encryption set is named for ${without.map(({ name }) => name).join(", ")}.`,
      'Name a set of each of these regions as its "encryptionSetId", or leave the region out.',
    );
  const homeNamed = regions.some(
    ({ name, encryptionSetId }) => encryptionSetId !== undefined && sameRegion(name, location),
  );
  const used = [...named, ...(homeNamed ? [] : own)];
  const at = subscriptionIdOf(target.kind === "gallery" ? target.definitionId : target.imageId);
  const foreign = used.find((id) => !sameResource(subscriptionIdOf(id), at));
  if (foreign !== undefined)
    return block(
      `The encryption set ${foreign} lies in another subscription than the image is to lie in.`,
      target.kind === "gallery"
        ? "Name a set of the gallery's subscription as the region's \"encryptionSetId\", or another gallery."
        : "Name an image in the set's subscription, or a gallery image definition.",
    );
  return pass(used.length === 0 ? "No customer's key is asked for." : "Each region has its encryption set.");
}
