/** `vmimage cancel ID`: stops a run; it removes what it created and then ends as cancelled. */
import { parseArgs } from "node:util";
import { isOpen } from "../../domain/stages.js";
import { UsageError, type Command } from "../command.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import { cancelRun, locateRun } from "../run-documents.js";
import { watchRun } from "../watch-run.js";

export const cancel: Command = {
  name: "cancel",
  summary: "Stop a run and have it remove what it created.",
  usage: `Usage: vmimage cancel ID [--reason TEXT] [--wait]

The run finishes its current request to Azure, removes what it created, and ends as cancelled. The backup is kept for as
long as requested.

  --reason    why, in at most 300 characters; shown in the run's status
  --wait      follow the run until it has ended
${CONNECTION_HELP}

Exit codes: 0 stop requested (with --wait: cancelled), 1 the run had already ended, or ended before it could be stopped.
`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        ...CONNECTION_OPTIONS,
        reason: { type: "string", default: "" },
        wait: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new UsageError("Specify exactly one run.");
    if (values.reason.length > 300) throw new UsageError("The reason is longer than 300 characters.");
    const client = pipelineClient(values, terminal);
    const run = await locateRun(client, name);
    if (!isOpen(run.status)) {
      terminal.err(`${run.kind} ${run.id} has already ended: ${run.status}. Nothing was cancelled.\n`);
      return 1;
    }
    await cancelRun(client, run, values.reason);
    terminal.out(`${run.kind} ${run.id} was asked to stop.\n`);
    if (!values.wait) return 0;
    const { run: ended } = await watchRun(client, run, terminal);
    return ended.status === "cancelled" ? 0 : 1;
  },
};
