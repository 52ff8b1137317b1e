/** `vmimage capture`: builds the request, validates it, sends it, and follows the run on request. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { captureOrder } from "../capture-order.js";
import { CommandFailed, UsageError, type Command } from "../command.js";
import { EXIT } from "../exit-codes.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import { startCapture } from "../run-documents.js";
import { watchRun } from "../watch-run.js";

export const capture: Command = {
  name: "capture",
  summary: "Make an image of a VM.",
  usage: `Usage: vmimage capture --vm ID (--definition ID | --image ID) [options]
       vmimage capture --file request.json [options]

What to capture, and where the image goes (resource ids, /subscriptions/…)
  --vm ID           the virtual machine; it keeps running unless --in-place is given
  --definition ID   the gallery image definition that gets a new version
  --version V       1.2.3, or next-patch (the default), next-minor, next-major
  --image ID        the managed image to make, instead of a gallery version

How
  --os-image        capture only the OS disk; without it, all disks
  --specialized     keep the machine's identity: no Sysprep, no deprovisioning
  --test-boot       boot a VM from the image and inspect it before the version can become the latest
  --in-place        generalize the VM itself instead of a copy; it cannot start again until it is restored
  --dry-run         run the preflight, show its findings and what the run would create; changes nothing

The request
  --file PATH       a capture request (docs/schemas/capture-request.json) to start from; - is standard input.
                    Options on the command line override it.
  --id ID           names the run; sending the same id twice starts one run (default: a new one)
  --wait            follow the run to its end
${CONNECTION_HELP}

Exit codes: 0 started (with --wait: succeeded), 1 failed, 2 refused (of a dry run: would be), 4 cancelled;
64 the request is invalid (nothing is sent), 69 the app cannot be reached, 77 the key is missing or wrong.
`,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...CONNECTION_OPTIONS,
        vm: { type: "string" },
        definition: { type: "string" },
        image: { type: "string" },
        version: { type: "string" },
        id: { type: "string" },
        file: { type: "string" },
        "os-image": { type: "boolean" },
        specialized: { type: "boolean" },
        "in-place": { type: "boolean" },
        "test-boot": { type: "boolean" },
        "dry-run": { type: "boolean" },
        wait: { type: "boolean", default: false },
      },
    });
    if (values.vm === undefined && values.file === undefined)
      throw new UsageError("Specify the virtual machine with --vm, or a request with --file.");
    const client = pipelineClient(values, terminal);
    const { request, dryRun } = captureOrder(
      values.file === undefined ? {} : await requestIn(values.file),
      values,
      newId,
    );
    const place = await startCapture(client, request);
    terminal.out(`capture ${place.id} was accepted. To follow it: vmimage watch ${place.id}\n`);
    return values.wait || dryRun ? (await watchRun(client, place, terminal)).exitCode : 0;
  },
};

/** Begins with the time, so that a list of runs sorts by it. */
const newId = (): string =>
  `cli-${new Date().toISOString().slice(0, 19).replace(/\D/g, "")}-${randomBytes(4).toString("hex")}`;

async function requestIn(path: string): Promise<Record<string, unknown>> {
  const name = path === "-" ? "Standard input" : path;
  let text: string;
  try {
    text = await (path === "-" ? textOf(process.stdin) : readFile(path, "utf8"));
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `${name} could not be read: ${(error as Error).message}`);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `${name} is not JSON: ${(error as Error).message}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new CommandFailed(EXIT.usage, `${name} is not a JSON object, as a request must be.`);
  return body as Record<string, unknown>;
}
