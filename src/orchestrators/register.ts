/**
 * Makes the image: a gallery version with its replicas, or a managed image. It is the product: a run that
 * succeeds keeps it, any other removes it.
 */
import { createDefinition, createGalleryVersion, createManagedImage } from "../contracts/image-activities.js";
import type { ImageOrder, MadeImage, TargetFacts } from "../domain/image-order.js";
import type { Durable } from "./durable.js";
import { operate } from "./operate.js";
import type { Run } from "./run.js";

export function* register(
  run: Run,
  order: Omit<ImageOrder, "version">,
  facts: TargetFacts,
  limitMinutes: number,
): Durable<MadeImage> {
  const limits = { limitMinutes, stage: "register" };
  if (order.target.kind === "managed-image") {
    run.undo.push({ when: "failure", resources: [order.target.imageId] });
    return yield* operate(run, createManagedImage, order, limits);
  }
  const version = facts.version ?? "";
  if (facts.createDefinition) yield* operate(run, createDefinition, order, { limitMinutes: 15 });
  run.undo.push({ when: "failure", resources: [`${order.target.definitionId}/versions/${version}`] });
  return yield* operate(run, createGalleryVersion, { ...order, version }, limits);
}
