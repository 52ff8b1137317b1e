/**
 * Makes the image: a gallery version with its replicas, or a managed image. It is the product: a run that
 * succeeds keeps it, any other removes it.
 */
import {
  createDefinition,
  createGalleryVersion,
  createManagedImage,
  removeResource,
} from "../contracts/image-activities.js";
import type { ImageOrder, MadeImage, TargetFacts } from "../domain/image-order.js";
import type { Durable } from "./durable.js";
import { finish, operate } from "./operate.js";
import type { Run } from "./run.js";

export function* register(
  run: Run,
  order: Omit<ImageOrder, "version">,
  facts: TargetFacts,
  limitMinutes: number,
): Durable<MadeImage> {
  const { target } = order;
  const version = facts.version ?? "";
  if (facts.createDefinition) yield* operate(run, createDefinition, order, { limitMinutes: 15 });
  const [operation, imageId] =
    target.kind === "gallery"
      ? [createGalleryVersion, `${target.definitionId}/versions/${version}`]
      : [createManagedImage, target.imageId];
  run.undo.push({ when: "failure", resources: [imageId] });
  if (facts.started === "broken")
    yield* operate(run, removeResource, { resourceId: imageId }, { limitMinutes: 45 });
  const wanted = { ...order, ...(target.kind === "gallery" ? { version } : {}) };
  const limits = { limitMinutes, stage: "register" };
  return facts.started === "sound"
    ? yield* finish(run, operation, wanted, {}, limits)
    : yield* operate(run, operation, wanted, limits);
}
