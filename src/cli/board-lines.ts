/** A run as lines: one per stage, then how it ended, what to do, and what is left over. */
import { checkLines, checksIn, dryRunIn, dryRunLines } from "./dry-run-lines.js";
import type { RunDocument } from "./run-documents.js";
import { durationText, plain } from "./words.js";

const MARK: Record<RunDocument["stages"][number]["state"], string> = {
  pending: " ",
  running: "▸",
  done: "✓",
  skipped: "-",
  refused: "✗",
  failed: "✗",
  cancelled: "✗",
};

export const headLine = ({ kind, id, status }: RunDocument): string => `${kind} ${plain(id)}: ${status}`;

export function stageLines(run: RunDocument, nowMs: number): string[] {
  const width = Math.max(0, ...run.stages.map(({ name }) => name.length));
  return run.stages.map(({ name, state, startedAt, endedAt, percent, detail }) => {
    const took =
      startedAt === undefined
        ? ""
        : durationText((endedAt === undefined ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt));
    const done = percent !== undefined && state === "running" ? `${Math.floor(percent)} %` : "";
    const parts = [
      `  ${MARK[state]} ${plain(name).padEnd(width)}`,
      took.padStart(11),
      done.padStart(5),
      plain(detail ?? (state === "skipped" ? "not needed" : "")),
    ];
    return parts.join("  ").trimEnd();
  });
}

/** What is printed when a run has ended, however it ended. */
export function endingLines({ status, error, leftovers, result }: RunDocument): string[] {
  const image = imageIn(result);
  const dryRun = dryRunIn(result);
  return [
    ...(dryRun === undefined ? [] : dryRunLines(dryRun)),
    ...(status === "succeeded" && image !== undefined ? [`created ${plain(image)}`] : []),
    ...(dryRun === undefined ? checkLines(checksIn(result)) : []),
    ...textsIn(result, "warnings").map((warning) => `! ${warning}`),
    ...[result, sourceIn(result)]
      .flatMap((one) => textsIn(one, "replacedDisks"))
      .map((id) => `kept, but not in use: ${id}`),
    ...(error
      ? [
          `${plain(error.code)}${error.stage === undefined ? "" : ` in ${plain(error.stage)}`}: ${plain(error.message)}`,
          `→ ${plain(error.remedy)}`,
          ...(error.excerpt?.split("\n").map((line) => `  | ${plain(line)}`) ?? []),
        ]
      : []),
    ...(leftovers.length > 0 ? ["Left over:"] : []),
    ...leftovers.map(({ resource, reason }) => `  ${plain(resource)}  (${plain(reason)})`),
  ];
}

function imageIn(result: unknown): string | undefined {
  const { image, vmId } = (result ?? {}) as { image?: { id?: unknown }; vmId?: unknown };
  return [image?.id, vmId].find((id) => typeof id === "string");
}

/** For a capture in place: what became of the source VM. */
const sourceIn = (result: unknown): unknown => ((result ?? {}) as { source?: unknown }).source;

function textsIn(result: unknown, name: "warnings" | "replacedDisks"): string[] {
  const list = ((result ?? {}) as Record<string, unknown>)[name];
  return Array.isArray(list) ? list.filter((one) => typeof one === "string").map(plain) : [];
}

/** An import whose file is handled by another run. */
export function handedTo({ result }: Pick<RunDocument, "result">): string | undefined {
  const { handedTo: id } = (result ?? {}) as { handedTo?: unknown };
  return typeof id === "string" ? id : undefined;
}
