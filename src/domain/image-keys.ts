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
      `The source's disks are encrypted with a customer-managed key, but no disk encryption set is specified for ${without.map(({ name }) => name).join(", ")}.`,
      'Specify an "encryptionSetId" for each of these regions, or leave the region out.',
    );
  const homeNamed = regions.some(
    ({ name, encryptionSetId }) => encryptionSetId !== undefined && sameRegion(name, location),
  );
  const used = [...named, ...(homeNamed ? [] : own)];
  const at = subscriptionIdOf(target.kind === "gallery" ? target.definitionId : target.imageId);
  const foreign = used.find((id) => !sameResource(subscriptionIdOf(id), at));
  if (foreign !== undefined)
    return block(
      `The disk encryption set ${foreign} is in a different subscription than the image's target.`,
      target.kind === "gallery"
        ? 'Specify an "encryptionSetId" in the gallery\'s subscription, or another gallery.'
        : "Specify an image in the set's subscription, or a gallery image definition.",
    );
  return pass(
    used.length === 0 ? "No customer-managed key is used." : "Each region has its disk encryption set.",
  );
}
