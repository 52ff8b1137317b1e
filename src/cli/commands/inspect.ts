/** `vmimage inspect FILE`: the verdict that a drop of this file would get, from a local inspection. */
import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { diagnosisPage } from "../diagnosis-page.js";
import { EXIT_OF_VERDICT } from "../exit-codes.js";
import { diagnose, purposeNamed } from "../local-diagnosis.js";

export const inspect: Command = {
  name: "inspect",
  summary: "Check whether an image can be made from a VHD, and if not, exactly why.",
  usage: `Usage: vmimage inspect FILE [--json] [--purpose os|data|any]

  --json      print one JSON object instead of a report
  --purpose   what the disk is to become; any (the default) decides by its contents

Exit codes: 0 ready, 1 mendable, 2 refused, 3 the file could not be read.
`,
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: "boolean", default: false }, purpose: { type: "string", default: "any" } },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError("Specify exactly one file.");
    const diagnosis = await diagnose(path, purposeNamed(values.purpose));
    out(values.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisPage(path, diagnosis));
    return EXIT_OF_VERDICT[diagnosis.verdict];
  },
};
