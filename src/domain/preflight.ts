/** A preflight report: checks with a verdict and, where something is wrong, what to do. */
export type CheckVerdict = "pass" | "warn" | "block" | "unknown";

export interface Check {
  readonly id: string;
  readonly verdict: CheckVerdict;
  readonly detail: string;
  readonly remedy?: string;
}

export interface PreflightReport {
  readonly checks: readonly Check[];
}

export const blocking = (checks: readonly Check[]): readonly Check[] =>
  checks.filter((check) => check.verdict === "block");
