/** `vmimage watch ID`: the stages of a run as they progress, and an exit code for its outcome. */
import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import { locateRun } from "../run-documents.js";
import { watchRun } from "../watch-run.js";

export const watch: Command = {
  name: "watch",
  summary: "Follow a run to its end; the exit code shows how it ended.",
  usage: `Usage: vmimage watch ID [--json]

ID is a run's id; if a capture and an import have the same id, write capture/ID or import/ID.
Interrupting the command does not affect the run.

  --json      print only the run's final status document to standard output
${CONNECTION_HELP}

Exit codes: 0 succeeded, 1 failed, 2 refused, 4 cancelled; 66 no such run, 69 the app cannot be reached,
77 the key is missing or wrong.
`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...CONNECTION_OPTIONS, json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new UsageError("Specify exactly one run.");
    const client = pipelineClient(values, terminal);
    const place = await locateRun(client, name);
    const progress = values.json ? { ...terminal, out: terminal.err } : terminal;
    const { run, exitCode } = await watchRun(client, place, progress);
    if (values.json) terminal.out(`${JSON.stringify(run, null, 2)}\n`);
    return exitCode;
  },
};
