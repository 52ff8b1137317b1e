/**
 * Makes the image: a gallery version with its replicas, or a managed image. It is the product: a run that
 * succeeds keeps it, any other removes it.
 */
import {
  checkTarget,
  createDefinition,
  createGalleryVersion,
  createManagedImage,
  removeResource,
} from "../contracts/image-activities.js";
import type { ImageOrder, MadeImage, TargetFacts } from "../domain/image-order.js";
import { RUN_TAG } from "../domain/names.js";
import type { Target } from "../domain/target.js";
import { call } from "./call.js";
import type { Durable } from "./durable.js";
import { finish, operate } from "./operate.js";
import type { Run } from "./run.js";
import { isEnd } from "./run.js";

/** Runs that count on in one definition at one moment: each takes the next number until one is free. */
const MOST_TRIES = 10;

export function* register(
  run: Run,
  order: Omit<ImageOrder, "version">,
  looked: TargetFacts,
  limitMinutes: number,
): Durable<MadeImage> {
  const runId = order.tags[RUN_TAG];
  let facts = looked;
  if (facts.createDefinition) yield* operate(run, createDefinition, order, { limitMinutes: 15 });
  for (let attempt = 1; ; attempt += 1)
    try {
      return yield* registerAs(run, order, facts, limitMinutes);
    } catch (error) {
      if (!isEnd(error, "TARGET_EXISTS") || !countsOn(order.target) || attempt === MOST_TRIES) throw error;
      facts = yield* call(run, checkTarget, { ...order, runId });
    }
}

const countsOn = (target: Target) => target.kind === "gallery" && target.version.startsWith("next-");

function* registerAs(
  run: Run,
  order: Omit<ImageOrder, "version">,
  { version = "", earlierImage }: TargetFacts,
  limitMinutes: number,
): Durable<MadeImage> {
  const { target, tags } = order;
  const [operation, imageId] =
    target.kind === "gallery"
      ? [createGalleryVersion, `${target.definitionId}/versions/${version}`]
      : [createManagedImage, target.imageId];
  // Another run may have taken the name since it was looked for: what is not this run's is not this run's to remove.
  run.undo.push({ when: "failure", resources: [imageId], owner: tags[RUN_TAG] });
  if (earlierImage === "broken")
    yield* operate(run, removeResource, { resourceId: imageId }, { limitMinutes: 45 });
  const wanted = { ...order, ...(target.kind === "gallery" ? { version } : {}) };
  const limits = { limitMinutes, stage: "register" };
  return earlierImage === "sound"
    ? yield* finish(run, operation, wanted, {}, limits)
    : yield* operate(run, operation, wanted, limits);
}

/** The version that was made, which may not be the one that was free when it was looked for. */
export const versionOf = ({ id }: MadeImage): { readonly version?: string } => {
  const version = /\/versions\/([^/]+)$/.exec(id)?.[1];
  return version === undefined ? {} : { version };
};
