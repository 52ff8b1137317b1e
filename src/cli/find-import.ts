/** Finds the import run of an upload. The run's id derives from the ETag that the blob had when it was detected. */
import { importRunId, readablePart } from "../domain/import/run-id.js";
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
  /** When an upload that was resumed began: its run may have been started then, by another ETag. */
  readonly resumedFrom?: Date;
}

/** How far the clocks of two Azure services may differ. */
const SKEW_MS = 60_000;

export async function findImport(
  client: PipelineClient,
  { container, blob, etags, resumedFrom }: Dropped,
  { sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }: Terminal,
): Promise<RunPlace> {
  const ids = new Set([...etags].map((etag) => importRunId({ container, blob, etag })));
  const [name = ""] = [...ids].map(readablePart);
  const isEarlier = ({ id, createdAt }: { id: string; createdAt: string }) =>
    resumedFrom !== undefined &&
    readablePart(id) === name &&
    Date.parse(createdAt) >= resumedFrom.getTime() - SKEW_MS;
  for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += POLL_MS) {
    const { runs } = await listRuns(client, { kind: "import" });
    const run = runs.find(({ id }) => ids.has(id)) ?? runs.find(isEarlier);
    if (run) return run;
    await sleep(POLL_MS);
  }
  throw new CommandFailed(
    EXIT.unavailable,
    `No import of ${blob} started within ${PATIENCE_MS / 60_000} min. Is ${container} the container that the app at ${client.url} watches? To check later: vmimage runs --kind import`,
  );
}
