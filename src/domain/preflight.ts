/** A preflight report: checks with a verdict and, where something is wrong, what to do. */
export type CheckVerdict = "pass" | "warn" | "block" | "unknown";

export interface Check {
  readonly id: string;
  readonly verdict: CheckVerdict;
  readonly detail: string;
  readonly remedy?: string;
}

/** The outcome of a check. */
export type Finding = Omit<Check, "id">;

export const pass = (detail: string): Finding => ({ verdict: "pass", detail });
export const warn = (detail: string, remedy: string): Finding => ({ verdict: "warn", detail, remedy });
export const block = (detail: string, remedy: string): Finding => ({ verdict: "block", detail, remedy });
export const unknown = (detail: string, remedy: string): Finding => ({ verdict: "unknown", detail, remedy });

export const blocking = (checks: readonly Check[]): readonly Check[] =>
  checks.filter((check) => check.verdict === "block");

const ORDER: readonly CheckVerdict[] = ["block", "warn", "unknown", "pass"];
const TEXT_CHARS = 300;

/** The most important first, each text shortened to a few lines, as many as fit, and a count of the rest. */
export function abbreviateChecks(checks: readonly Check[], limitChars: number): readonly Check[] {
  const sorted = ORDER.flatMap((verdict) => checks.filter((check) => check.verdict === verdict)).map(
    ({ id, verdict, detail, remedy }): Check => ({
      id,
      verdict,
      detail: verdict === "pass" ? "" : detail.slice(0, TEXT_CHARS),
      ...(remedy === undefined ? {} : { remedy: remedy.slice(0, TEXT_CHARS) }),
    }),
  );
  const rest = (count: number): Check => ({
    id: "more",
    verdict: "unknown",
    detail: `${count} more checks are not shown here.`,
  });
  let used = JSON.stringify(rest(checks.length)).length;
  const shown = sorted.findIndex((check) => (used += JSON.stringify(check).length + 1) > limitChars);
  return shown < 0 ? sorted : [...sorted.slice(0, shown), rest(sorted.length - shown)];
}

const SAID_CHARS = 2500;

/** What blocks, as the message and the remedy of a refusal. */
export const blockedBy = (
  blocks: readonly Check[],
): { readonly message: string; readonly remedy: string } => ({
  message: blocks
    .map(({ id, detail }) => `${id}: ${detail}`)
    .join(" ")
    .slice(0, SAID_CHARS),
  remedy: [...new Set(blocks.map(({ remedy }) => remedy ?? ""))].join(" ").slice(0, SAID_CHARS),
});
