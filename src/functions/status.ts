/** Durable's status of an orchestration, as our status document. */
import type { DurableClient, DurableOrchestrationStatus } from "durable-functions";
import { OrchestrationRuntimeStatus } from "durable-functions";
import type { CaptureRequest } from "../contracts/capture-request.js";
import type { RunKind, RunLinks, StatusDocument } from "../contracts/status.js";
import { instanceIdOf } from "../contracts/status.js";
import type { Board, RunError, StageState } from "../domain/stages.js";
import { RUN_TAG } from "../domain/names.js";
import { concluded, isOpen, newBoard, withLeftovers } from "../domain/stages.js";
import { captureInput } from "./capture-input.js";

/** What Durable says of a run that has not ended. */
export const OPEN_IN_DURABLE: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Pending,
  OrchestrationRuntimeStatus.Running,
  OrchestrationRuntimeStatus.ContinuedAsNew,
  OrchestrationRuntimeStatus.Suspended,
];

/** Undefined when there is no such run. */
export async function statusOf(
  client: DurableClient,
  kind: RunKind,
  runId: string,
  self: string,
): Promise<StatusDocument | undefined> {
  const status = await findInstance(client, instanceIdOf(kind, runId));
  return status && documentOf(kind, runId, status, self);
}

/** The SDK rejects for an instance that is not there; any other rejection is one. */
export async function findInstance(
  client: Pick<DurableClient, "getStatus">,
  instanceId: string,
): Promise<DurableOrchestrationStatus | undefined> {
  try {
    const status = await client.getStatus(instanceId);
    return isStatus(status) ? status : undefined;
  } catch (error) {
    if (error instanceof Error && /404|not found/i.test(error.message)) return undefined;
    throw error;
  }
}

/** An old host answers 200 with an empty body for what it does not know. */
const isStatus = (
  status: DurableOrchestrationStatus | null | undefined,
): status is DurableOrchestrationStatus => typeof status?.instanceId === "string" && status.instanceId !== "";

export function documentOf(
  kind: RunKind,
  runId: string,
  status: DurableOrchestrationStatus,
  self: string,
): StatusDocument {
  const board = boardOf(status);
  return {
    id: runId,
    kind,
    ...board,
    createdAt: isoOf(status.createdTime),
    updatedAt: isoOf(status.lastUpdatedTime),
    links: { self, ...actsOf(kind, board, self, captureInput(status.input)?.request) },
  };
}

function actsOf(
  kind: RunKind,
  { status, stages }: Board,
  self: string,
  request: CaptureRequest | undefined,
): Omit<RunLinks, "self"> {
  const isIn = (stage: string, ...states: readonly StageState[]) =>
    stages.some(({ name, state }) => name === stage && states.includes(state));
  if (isOpen(status)) return isIn("clean-up", "running") ? {} : { cancel: `${self}/cancel` };
  if (kind !== "capture") return {};
  const isGone =
    request?.backup.keepDays === 0 && !(status === "failed" && request.onFailure === "keep-for-resume");
  return {
    ...(status === "failed" || status === "cancelled" ? { resume: `${self}/resume` } : {}),
    // Skipped where an earlier run's is taken over.
    ...(isIn("backup", "done", "skipped") && !isGone ? { restore: `${self}/restore` } : {}),
  };
}

/** The library gives dates for one instance and text for a list of them (durable-functions 3.5). */
const isoOf = (time: Date | string): string => new Date(time).toISOString();

/** A run that Durable ended (terminated, or broke where no runbook could catch it) is told as what Durable says. */
export function boardOf({
  customStatus,
  runtimeStatus,
  lastUpdatedTime,
  output,
}: DurableOrchestrationStatus): Board {
  // What a run returns is its board in full; while it goes on, the custom status is what fits.
  if (isBoard(output)) return output;
  const board = isBoard(customStatus) ? customStatus : { ...newBoard([]), status: "pending" as const };
  const ended = !isOpen(board.status);
  switch (runtimeStatus) {
    case OrchestrationRuntimeStatus.Failed:
      return ended ? board : cutOff(board, "failed", { lastUpdatedTime, output });
    case OrchestrationRuntimeStatus.Terminated:
    case OrchestrationRuntimeStatus.Canceled:
      return ended ? board : cutOff(board, "cancelled", { lastUpdatedTime, output });
    case OrchestrationRuntimeStatus.Pending:
      return { ...board, status: "pending" };
    default:
      return board;
  }
}

const isBoard = (value: unknown): value is Board =>
  typeof value === "object" && value !== null && "stages" in value;

/** The end of a run that never came to clean up: what it had made is known by its tag alone. */
function cutOff(
  board: Board,
  status: "failed" | "cancelled",
  { lastUpdatedTime, output }: Pick<DurableOrchestrationStatus, "lastUpdatedTime" | "output">,
): Board {
  const stage = board.stages.find(({ state }) => state === "running")?.name;
  const error: RunError = {
    code: status === "failed" ? "BROKEN" : "CANCELLED",
    message: (typeof output === "string" ? output : JSON.stringify(output ?? null)).slice(0, 1000),
    remedy: "GET /api/leftovers lists what the run had created. A capture can be resumed and will reuse it.",
    ...(stage === undefined ? {} : { stage }),
  };
  const made = {
    resource: `resources with this run's tag ${RUN_TAG}`,
    reason: "The run was ended before it could clean up.",
  };
  const end = concluded(board, { status, at: isoOf(lastUpdatedTime), error });
  return board.stages.length === 0 ? end : withLeftovers(end, [made]);
}
