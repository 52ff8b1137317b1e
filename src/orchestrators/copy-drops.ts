/**
 * Server-side copies of page blobs, all at once. An account need not make one: it may refuse to (a firewall between
 * its own blobs, a URL of more than 2 KiB) or break it off. The disk is then streamed by its page ranges instead.
 */
import { copyDrop, removePrepared, type DiskOrder } from "../contracts/import-activities.js";
import { streamedInstead, type WayChoice } from "../domain/import/way.js";
import { callActivity, messageOf, type Durable } from "./durable.js";
import { operateEach } from "./operate.js";
import { RunEnd, type Run } from "./run.js";

/** A server-side copy of the largest page blob (8 TiB) within one account is done in well under a day. */
const LIMITS = { limitMinutes: 24 * 60, stage: "mend" };

/** Codes that no other way would change. */
const FINAL = new Set(["SOURCE_CHANGED", "SOURCE_GONE", "STORAGE_FULL", "TIME_LIMIT"]);

interface Copying {
  readonly order: DiskOrder;
  choice: WayChoice;
}

export function* copyServerSide(run: Run, jobs: readonly Copying[]): Durable<void> {
  const ends = yield* operateEach(
    run,
    copyDrop,
    jobs.map(({ order }) => order),
    LIMITS,
  );
  for (const [index, end] of ends.entries()) {
    const job = jobs[index];
    if (job === undefined || !("error" in end)) continue;
    if (end.error instanceof RunEnd && FINAL.has(end.error.end.code)) throw end.error;
    const { runId, name } = job.order;
    // What a broken copy leaves is a blob of its own kind, which no attempt at streaming may take over.
    yield* callActivity(run.context, removePrepared, { runId, name });
    const because = `The storage account could not copy the file (${messageOf(end.error)}), so it was streamed`;
    job.choice = streamedInstead(job.choice.why, because);
  }
}
