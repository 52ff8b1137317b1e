/**
 * What a seal script answers before it detaches: that it has started, or why it cannot. That it started proves nothing
 * (the marker does), but a script that refused or failed will never seal, so there is no need to wait for its time limit.
 */
import type { Progress } from "../outcome.js";
import { decodeGuestResult } from "./guest-result.js";
import { excerptOf } from "./log-excerpt.js";
import { sealFailure } from "./seal-explanations.js";
import type { SealFailure } from "./seal-outcome.js";

/** The agent, which the seal stops, may never deliver the answer: `unknown` must not end a run. */
export function judgeStart(answer: Progress<{ output: string }>): "unknown" | "started" | SealFailure {
  if (answer.state === "running") return "unknown";
  // Only this failure is the script's own word; the others are the agent's.
  if (answer.state === "failed") return answer.code === SCRIPT_FAILED ? refusedBy(answer.message) : "unknown";
  const result = decodeGuestResult(answer.value.output);
  return !result.ok && result.code === "GUEST_REFUSED" ? refusedBy(result.message) : "started";
}

/** How Run Command calls a script that ended with another exit code than 0. */
export const SCRIPT_FAILED = "script Failed";

function refusedBy(reason: string): SealFailure {
  const logExcerpt = excerptOf(reason);
  const [first = ""] = logExcerpt.split("\n");
  return { state: "failed", ...sealFailure("NOT_STARTED", first.replace(/\.$/, "")), logExcerpt };
}
