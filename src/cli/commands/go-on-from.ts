/** `vmimage restore ID` and `vmimage resume ID`: what can follow an earlier capture. */
import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import { startFrom } from "../run-documents.js";
import { watchRun } from "../watch-run.js";

export const restore = goOnFrom({
  act: "restore",
  summary: "Restore a captured VM from the backup of its capture.",
  says: `The VM is rebuilt as it was before capture ID, from its backup and the model saved beside it, with the same network
interfaces, identity, tags, LUNs and caching. Its current state is replaced; the disks that it has now are kept, and
listed in the result. Captures in clone mode, the default, do not change the VM and need no restore.`,
  flags: { again: "even if an earlier restore of this capture succeeded" },
});

export const resume = goOnFrom({
  act: "resume",
  summary: "Resume a failed capture from the stage that failed.",
  says: `A new run continues from the stage in which capture ID failed and reuses what is left and sound. It needs at least the
capture's backup, and reuses more if the request said "onFailure": "keep-for-resume".`,
  flags: {},
});

interface Act {
  readonly act: "restore" | "resume";
  readonly summary: string;
  readonly says: string;
  /** The members that the request's body may have, and their meaning. */
  readonly flags: Readonly<Record<string, string>>;
}

function goOnFrom({ act, summary, says, flags }: Act): Command {
  const flagHelp = Object.entries(flags).map(([flag, means]) => `  --${flag.padEnd(10)}${means}\n`);
  const flagOptions = Object.fromEntries(
    Object.keys(flags).map((flag) => [flag, { type: "boolean" }] as const),
  );
  return {
    name: act,
    summary,
    usage: `Usage: vmimage ${act} ID [--wait]

${says}

${flagHelp.join("")}  --wait      follow the new run to its end
${CONNECTION_HELP}

Exit codes: 0 started (with --wait: succeeded), 1 failed, 2 refused, 4 cancelled; 66 there is no such capture.
`,
    async run(args, terminal) {
      const { values, positionals } = parseArgs({
        args: [...args],
        options: { ...CONNECTION_OPTIONS, ...flagOptions, wait: { type: "boolean", default: false } },
        allowPositionals: true,
      });
      const [name, ...more] = positionals;
      if (name === undefined || more.length > 0) throw new UsageError("Specify exactly one capture.");
      const client = pipelineClient(values, terminal);
      const body = Object.fromEntries(Object.entries(values).filter(([option]) => option in flags));
      const place = await startFrom(client, name.replace(/^capture\//, ""), act, body);
      terminal.out(
        `${place.kind} ${place.id} was started. To follow it: vmimage watch ${place.kind}/${place.id}\n`,
      );
      return values.wait ? (await watchRun(client, place, terminal)).exitCode : 0;
    },
  };
}
