/** What a dry run found: what the actual run would create and remove, and every check that needs attention. */
import { z } from "zod";
import { plain } from "./words.js";

const checks = z.array(
  z.object({ id: z.string(), verdict: z.string(), detail: z.string(), remedy: z.string().optional() }),
);

const dryRun = z.object({
  dryRun: z.literal(true),
  plan: z.object({
    source: z.object({ id: z.string(), size: z.string(), disks: z.number(), gigabytes: z.number() }),
    backup: z.array(z.string()),
    temporary: z.array(z.string()),
    image: z.string(),
    sourceAfter: z.string(),
  }),
  checks,
});

type DryRun = z.output<typeof dryRun>;

const MARK: Readonly<Record<string, string>> = { block: "✗", warn: "!", unknown: "?" };

/** Undefined for the result of any other run. */
export function dryRunIn(result: unknown): DryRun | undefined {
  return dryRun.safeParse(result).data;
}

/** The preflight checks of any run, as far as they are reported. */
export const checksIn = (result: unknown): DryRun["checks"] =>
  z.object({ checks }).safeParse(result).data?.checks ?? [];

export const isBlocked = ({ checks }: DryRun): boolean => checks.some(({ verdict }) => verdict === "block");

export function dryRunLines({ plan, checks }: DryRun): string[] {
  const { source } = plan;
  const shown = checkLines(checks);
  const worthALook = checks.filter(isWorthALook).length;
  const passed = checks.filter(({ verdict }) => verdict === "pass").length;
  return [
    "Nothing was changed. The actual run would",
    `  capture  ${source.id} (${source.size}, ${source.disks} disks, ${source.gigabytes} GiB)`,
    ...block("back up", plan.backup),
    ...block("use", plan.temporary, " (only while it runs)"),
    `  make     ${plan.image}`,
    `  source   afterwards: ${plan.sourceAfter}`,
    `${passed} checks passed${worthALook === 0 ? "." : `, ${worthALook} to look at:`}`,
    ...shown,
  ].map(plain);
}

const isWorthALook = ({ verdict }: DryRun["checks"][number]): boolean => verdict in MARK;

export const checkLines = (checks: DryRun["checks"]): string[] =>
  checks
    .filter(isWorthALook)
    .flatMap(({ id, verdict, detail, remedy }) => [
      `  ${MARK[verdict] ?? ""} ${id}: ${detail}`,
      ...(remedy === undefined ? [] : [`      → ${remedy}`]),
    ])
    .map(plain);

const block = (does: string, ids: readonly string[], note = ""): string[] =>
  ids.map((id, index) => `  ${(index === 0 ? does : "").padEnd(7)}  ${id}${index === 0 ? note : ""}`);
