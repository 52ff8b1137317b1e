/** `vmimage runs`: the latest runs, one per line. */
import { parseArgs } from "node:util";
import { RUN_KINDS } from "../../contracts/status.js";
import { isOpen, RUN_STATUSES } from "../../domain/stages.js";
import { UsageError, type Command } from "../command.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import { listRuns, type RunDocument } from "../run-documents.js";
import { plain } from "../words.js";

export const runs: Command = {
  name: "runs",
  summary: "List the latest runs and their status.",
  usage: `Usage: vmimage runs [--kind ${RUN_KINDS.join("|")}] [--active] [--since TIME] [--json]

Shows the runs of the last seven days, and older ones that have not ended.

  --kind      only runs of one kind
  --active    only runs that have not ended
  --since     runs created at that date (UTC) or time (ISO 8601) or later
  --json      the status documents as one JSON array
${CONNECTION_HELP}
`,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...CONNECTION_OPTIONS,
        kind: { type: "string" },
        active: { type: "boolean", default: false },
        since: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const kind = RUN_KINDS.find((known) => known === values.kind);
    if (values.kind !== undefined && kind === undefined)
      throw new UsageError(`Unknown kind of run "${values.kind}"; use one of ${RUN_KINDS.join(", ")}.`);

    const { count, runs: newest } = await listRuns(pipelineClient(values, terminal), {
      ...(kind === undefined ? {} : { kind }),
      ...(values.active ? { status: RUN_STATUSES.filter(isOpen) } : {}),
      ...(values.since === undefined ? {} : { since: values.since }),
    });
    // An app older than this command line does not know this filter.
    const shown = values.active ? newest.filter(({ status }) => isOpen(status)) : newest;
    if (values.json) terminal.out(`${JSON.stringify(shown, null, 2)}\n`);
    else terminal.out(page(shown, count - newest.length, values.active));
    return 0;
  },
};

function page(shown: readonly RunDocument[], older: number, activeOnly: boolean): string {
  if (shown.length === 0) return activeOnly ? "No run is in progress.\n" : "No runs were found.\n";
  const table = [["STATUS", "KIND", "ID", "STARTED (UTC)", "PROGRESS"], ...shown.map(row)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n${older > 0 ? `and ${older} older\n` : ""}`;
}

function row(run: RunDocument): string[] {
  const { status, kind, id, createdAt, stages, error, leftovers } = run;
  const current = stages.find(({ state }) => state === "running");
  const stands = [
    ...(error ? [error.code] : []),
    ...(current
      ? [current.name, ...(current.percent === undefined ? [] : [`${Math.floor(current.percent)} %`])]
      : []),
    ...(leftovers.length > 0 ? [`${leftovers.length} left over`] : []),
  ];
  return [status, kind, plain(id), createdAt.slice(0, 19).replace("T", " "), plain(stands.join(", "))];
}
