/** `vmimage inspect FILE`: the verdict that a drop of this file would get, from a local look at it. */
import { parseArgs } from "node:util";
import type { Diagnosis, Purpose, Verdict } from "../../domain/vhd/diagnosis.js";
import { examine } from "../../domain/vhd/examine.js";
import { UsageError, type Command } from "../command.js";
import { withLocalFile } from "../local-file.js";
import { diagnosisPage } from "../diagnosis-page.js";

const EXIT: Record<Verdict, number> = { ready: 0, mendable: 1, refused: 2 };
const EXIT_UNREADABLE = 3;

const PURPOSES: readonly Purpose[] = ["os", "data", "any"];

export const inspect: Command = {
  name: "inspect",
  summary: "Say whether an image can be made of a VHD, and if not, exactly why.",
  usage: `Usage: vmimage inspect FILE [--json] [--purpose os|data|any]

  --json      one JSON object instead of a page
  --purpose   what the disk is to become; any (the default) takes what it finds

Exit codes: 0 ready, 1 mendable, 2 refused, 3 the file could not be read.
`,
  async run(args, { out, err }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: "boolean", default: false }, purpose: { type: "string", default: "any" } },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError("Name one file.");
    const purpose = PURPOSES.find((known) => known === values.purpose);
    if (!purpose) throw new UsageError(`There is no purpose "${values.purpose}".`);

    let diagnosis: Diagnosis;
    try {
      diagnosis = await withLocalFile(path, (reader) => examine(reader, { purpose }));
    } catch (error) {
      // Whatever the bytes are is a verdict; what is thrown is the file system's.
      err(`${path} could not be read: ${error instanceof Error ? error.message : String(error)}\n`);
      return EXIT_UNREADABLE;
    }
    out(values.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisPage(path, diagnosis));
    return EXIT[diagnosis.verdict];
  },
};
