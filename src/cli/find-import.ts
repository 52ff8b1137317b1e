/** From an upload to the import run that took it up. Its id comes of the blob's ETag, whichever it had when it was seen. */
import { importRunId } from "../domain/import/run-id.js";
import { CommandFailed, type Terminal } from "./command.js";
import { EXIT } from "./exit-codes.js";
import type { PipelineClient } from "./pipeline-client.js";
import { listRuns, type RunPlace } from "./run-documents.js";

/** Events take seconds; the sweep, which finds what raised none, comes every ten minutes. */
const PATIENCE_MS = 15 * 60_000;
const POLL_MS = 3000;

export interface Dropped {
  readonly container: string;
  readonly blob: string;
  readonly etags: ReadonlySet<string>;
  /** Where an earlier upload was gone on with: its run is known by the file's name and its time. */
  readonly resumedFrom?: Date;
}

const FINGERPRINT_LENGTH = 16;
/** Between the clocks of two services of Azure. */
const SKEW_MS = 60_000;

export async function findImport(
  client: PipelineClient,
  { container, blob, etags, resumedFrom }: Dropped,
  { sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }: Terminal,
): Promise<RunPlace> {
  const ids = new Set([...etags].map((etag) => importRunId({ container, blob, etag })));
  const [name = ""] = [...ids].map((id) => id.slice(0, -FINGERPRINT_LENGTH));
  const isEarlier = ({ id, createdAt }: { id: string; createdAt: string }) =>
    resumedFrom !== undefined &&
    id.slice(0, -FINGERPRINT_LENGTH) === name &&
    Date.parse(createdAt) >= resumedFrom.getTime() - SKEW_MS;
  for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += POLL_MS) {
    const { runs } = await listRuns(client, { kind: "import" });
    const run = runs.find(({ id }) => ids.has(id)) ?? runs.find(isEarlier);
    if (run) return run;
    await sleep(POLL_MS);
  }
  throw new CommandFailed(
    EXIT.unavailable,
    `No import has taken up ${blob} within ${PATIENCE_MS / 60_000} min. Is ${container} the container that the app at ${client.url} watches? Later: vmimage runs --kind import`,
  );
}
