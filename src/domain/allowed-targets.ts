/** Where the settings let images go, whatever else the identity is allowed: every request is held to it. */
import type { Refusal } from "./outcome.js";
import { refused } from "./outcome.js";
import { covers } from "./resource-id.js";
import { targetId } from "./survey.js";
import type { Target } from "./target.js";

/** Ids of galleries and resource groups, including everything inside them; none allows every target. */
export type AllowedTargets = readonly string[];

export function outsideAllowed(allowed: AllowedTargets, target: Target): Refusal | undefined {
  const id = targetId(target);
  if (allowed.length === 0 || allowed.some((scope) => covers(scope, id))) return undefined;
  return refused(
    "TARGET_NOT_ALLOWED",
    `This pipeline is not allowed to publish to ${id}.`,
    `Specify a target in ${allowed.join(", ")}, or have the target added to the setting ALLOWED_TARGETS.`,
  );
}
