/** `vmimage drop FILE`: the doctor looks first; what would be refused is not sent. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import type { Diagnosis } from "../../domain/vhd/diagnosis.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { diagnosisPage } from "../diagnosis-page.js";
import { EXIT, EXIT_OF_VERDICT } from "../exit-codes.js";
import { diagnose, purposeNamed } from "../local-diagnosis.js";
import { withLocalFile } from "../local-file.js";
import { CONNECTION_HELP, CONNECTION_OPTIONS, pipelineClient } from "../pipeline-client.js";
import type { Upload, Uploaded } from "../upload-disk.js";
import { watchRun } from "../watch-run.js";
import { durationText, sizeText } from "../words.js";

export const drop: Command = {
  name: "drop",
  summary: "Upload a VHD to make an image from.",
  usage: `Usage: vmimage drop FILE [options]

Inspects the file first, as vmimage inspect does, and does not send a file that would be refused. A fixed VHD is sent as
a page blob without its empty parts, and an interrupted upload is resumed; anything else is sent as a block blob.

  --container NAME   the drop container (default: drop)
  --name NAME        the blob's name (default: the file's name); must end in .vhd
  --purpose P        what the disk is to become: os, data, or any (the default)
  --as-block         always send as a block blob
  --overwrite        replace an existing file with that name
  --force            send it even if it would be refused
  --wait             follow the import to its end

Destination
  --account-url URL  https://ACCOUNT.blob.core.windows.net, with your Azure sign-in (az login, managed identity);
                     or set the account's connection string in VMIMAGE_STORAGE
Also with --wait
${CONNECTION_HELP}

Exit codes: 0 dropped (with --wait: image made), 2 refused, 3 the file could not be read; with --wait 1 failed,
4 cancelled; 69 the account or app cannot be reached, 73 another file with that name exists, 77 not allowed.
`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        ...CONNECTION_OPTIONS,
        "account-url": { type: "string" },
        container: { type: "string", default: "drop" },
        name: { type: "string" },
        purpose: { type: "string", default: "any" },
        "as-block": { type: "boolean", default: false },
        overwrite: { type: "boolean", default: false },
        force: { type: "boolean", default: false },
        wait: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError("Specify exactly one file.");
    const purpose = purposeNamed(values.purpose);
    const name = values.name ?? basename(path);
    if (!/\.vhd$/i.test(name))
      throw new UsageError(
        `"${name}" does not end in .vhd, and the pipeline imports nothing else. Use --name.`,
      );
    // Problems with the command line are reported before the first byte is sent.
    const client = values.wait ? pipelineClient(values, terminal) : undefined;
    const storage = await import("../drop-storage.js");
    const container = storage.dropContainer(values, terminal);

    const diagnosis = await diagnose(path, purpose);
    terminal.out(diagnosisPage(path, diagnosis));
    if (diagnosis.verdict === "refused" && !values.force) {
      terminal.err(
        "Nothing was uploaded. With --force it is uploaded anyway, and the pipeline will refuse it.\n",
      );
      return EXIT_OF_VERDICT.refused;
    }

    const startedMs = Date.now();
    const uploaded = await send(path, diagnosis, {
      container,
      name,
      fingerprint: await fingerprintOf(path),
      overwrite: values.overwrite,
      asBlock: values["as-block"],
      onProgress: progressLine(terminal, diagnosis.fileBytes),
    }).catch((error: unknown) => {
      throw storage.inWords(error, container);
    });
    terminal.out(
      `\n${uploaded.resumedFrom ? "Resumed the upload of" : "Dropped"} ${name} into ${container.containerName}: ${sizeText(uploaded.sentBytes)} of ${sizeText(diagnosis.fileBytes)} sent in ${durationText(Date.now() - startedMs)}.\n`,
    );
    if (client === undefined) return EXIT.ok;
    const { findImport } = await import("../find-import.js");
    const where = { container: container.containerName, blob: name, ...uploaded };
    const run = await findImport(client, where, terminal);
    return (await watchRun(client, run, terminal)).exitCode;
  },
};

async function send(
  path: string,
  { kind, fileBytes }: Diagnosis,
  { asBlock, ...upload }: Upload & { readonly asBlock: boolean },
): Promise<Uploaded> {
  const { canBePages, uploadBlocks, uploadPages } = await import("../upload-disk.js");
  const asPages = !asBlock && (kind === "fixed" || kind === "raw") && canBePages(fileBytes);
  return asPages
    ? withLocalFile(path, (reader) => uploadPages(reader, upload))
    : uploadBlocks(path, fileBytes, upload);
}

async function fingerprintOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size}-${Math.round(mtimeMs)}`;
}

/** Only on a terminal; a log has the verdict before and the total after. */
function progressLine({ out, columns }: Terminal, totalBytes: number): Upload["onProgress"] {
  if (columns === undefined) return () => undefined;
  return (doneBytes, sentBytes) => {
    const percent = Math.floor((100 * doneBytes) / Math.max(1, totalBytes));
    out(`\r\u001b[2K${percent} %  ${sizeText(sentBytes)} sent`);
  };
}
