/**
 * What the guest's facts mean for a generalization: one check per pitfall (tables in preflight-windows.ts and
 * preflight-linux.ts). A fact that is not known gives `unknown`, never `pass`.
 */
import type { Check } from "../preflight.js";
import { decodeLinuxFacts, decodeWindowsFacts } from "./facts.js";
import { linuxRows } from "./preflight-linux.js";
import { windowsRows } from "./preflight-windows.js";
import type { CheckContext, Row } from "./row.js";

export interface GuestCheck extends Check {
  readonly title: string;
}

/** The checks of one guest, from what its preflight script printed. */
export function checkGuest(
  osType: "Windows" | "Linux",
  output: string,
  context: CheckContext,
): readonly GuestCheck[] {
  if (osType === "Windows") {
    const decoded = decodeWindowsFacts(output);
    return decoded.ok ? judge(windowsRows, decoded.facts, context) : [unreadable(decoded.message)];
  }
  const decoded = decodeLinuxFacts(output);
  return decoded.ok ? judge(linuxRows, decoded.facts, context) : [unreadable(decoded.message)];
}

export function judge<Facts, Context>(
  rows: readonly Row<Facts, Context>[],
  facts: Facts,
  context: Context,
): readonly GuestCheck[] {
  return rows.map(({ id, title, look }) => ({ id, title, ...look(facts, context) }));
}

export function unreadable(message: string): GuestCheck {
  return {
    id: "guest-answer",
    title: "The guest answers",
    verdict: "unknown",
    detail: message,
    remedy: "Make sure that the VM agent is ready and that Run Command works, then try again.",
  };
}
