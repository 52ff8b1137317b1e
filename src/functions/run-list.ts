/**
 * Which runs a list shows. Durable's store answers with every instance that a query matches, inputs and outputs with
 * it, and knows neither an order nor a limit: what is not asked of it is not read, sent and thrown away.
 */
import type { DurableClient, DurableOrchestrationStatus, OrchestrationFilter } from "durable-functions";
import { z } from "zod";
import type { RunKind, StatusDocument } from "../contracts/status.js";
import { RUN_KINDS, runOf } from "../contracts/status.js";
import type { RunStatus } from "../domain/stages.js";
import { isOpen, RUN_STATUSES } from "../domain/stages.js";
import { DAY_MS } from "../domain/time.js";
import { documentOf, OPEN_IN_DURABLE } from "./status.js";

/** Without `since`: what has begun within so many days, and whatever has not ended. */
const DAYS = 7;

export const runQuery = z.object({
  kind: z.enum(RUN_KINDS).optional(),
  /** One, or several with commas. */
  status: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(RUN_STATUSES)))
    .optional(),
  /** Runs that were created then, or later. */
  since: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: "must be a day (UTC) or a time, such as 2031-05-06 or 2031-05-06T07:08:09Z",
    })
    .transform((text) => new Date(text))
    .optional(),
});

export type RunQuery = z.output<typeof runQuery>;

/** The runs that match, the newest first. */
export async function findRuns(
  client: Pick<DurableClient, "getStatusBy">,
  query: RunQuery,
  selfOf: (kind: RunKind, runId: string) => string,
  nowMs: number,
): Promise<StatusDocument[]> {
  const found = (
    await Promise.all(filtersOf(query, nowMs).map((filter) => client.getStatusBy(filter)))
  ).flat();
  // A run that is both recent and open was found twice.
  const instances = new Map(found.map((instance) => [instance.instanceId, instance]));
  return [...instances.values()]
    .flatMap((instance) => documentIn(instance, selfOf))
    .filter(({ kind, status }) => matches(query, kind, status))
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** At most two filters: Durable joins the conditions of one with "and". */
function filtersOf({ since, status }: RunQuery, nowMs: number): OrchestrationFilter[] {
  // Only "not ended" is the same for Durable and for us: a run that was refused has completed, too.
  const open = { runtimeStatus: [...OPEN_IN_DURABLE] };
  const onlyOpen = status?.every(isOpen) ?? false;
  if (since !== undefined) return [{ createdTimeFrom: since, ...(onlyOpen ? open : {}) }];
  return onlyOpen ? [open] : [open, { createdTimeFrom: new Date(nowMs - DAYS * DAY_MS) }];
}

function documentIn(
  instance: DurableOrchestrationStatus,
  selfOf: (kind: RunKind, runId: string) => string,
): StatusDocument[] {
  const run = runOf(instance.instanceId);
  return run === undefined ? [] : [documentOf(run.kind, run.runId, instance, selfOf(run.kind, run.runId))];
}

const matches = (query: RunQuery, kind: RunKind, status: RunStatus): boolean =>
  (query.kind === undefined || query.kind === kind) &&
  (query.status === undefined || query.status.includes(status));
