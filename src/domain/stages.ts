/**
 * The board of a run: its stages, the state of each, and since when. It is the run's custom status, so it stays small
 * (see `shown`) and contains nothing that a reader of the run must not see.
 */
export const STAGE_STATES = [
  "pending",
  "running",
  "done",
  "skipped",
  "refused",
  "failed",
  "cancelled",
] as const;
export type StageState = (typeof STAGE_STATES)[number];

export interface Stage {
  readonly name: string;
  readonly state: StageState;
  /** ISO 8601, UTC. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly percent?: number;
  readonly detail?: string;
}

export interface Leftover {
  readonly resource: string;
  readonly reason: string;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly stage?: string;
  /** The last telling lines of a guest's own log, where a guest failed. */
  readonly excerpt?: string;
}

export const RUN_STATUSES = ["pending", "running", "succeeded", "refused", "failed", "cancelled"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Whether a run has yet to end. */
export const isOpen = (status: RunStatus): status is "pending" | "running" =>
  status === "pending" || status === "running";

export interface Board {
  readonly status: RunStatus;
  readonly stages: readonly Stage[];
  readonly result?: unknown;
  readonly error?: RunError;
  readonly leftovers: readonly Leftover[];
}

const DETAIL_LIMIT = 300;
const LEFTOVER_LIMIT = 20;

export const newBoard = (stageNames: readonly string[]): Board => ({
  status: "running",
  stages: stageNames.map((name) => ({ name, state: "pending" })),
  leftovers: [],
});

/** An empty detail removes the earlier one. */
export function withStage(board: Board, name: string, change: Partial<Omit<Stage, "name">>): Board {
  const capped =
    change.detail === undefined ? change : { ...change, detail: change.detail.slice(0, DETAIL_LIMIT) };
  const changed = (stage: Stage): Stage => {
    const { detail, ...rest } = { ...stage, ...capped };
    return detail ? { ...rest, detail } : rest;
  };
  return { ...board, stages: board.stages.map((stage) => (stage.name === name ? changed(stage) : stage)) };
}

/** How a run ended: the stage that was running takes the run's ending, the ones never reached stay pending. */
export function concluded(
  board: Board,
  end: { status: RunStatus; at: string; result?: unknown; error?: RunError },
): Board {
  const stageState: StageState = end.status === "succeeded" ? "done" : end.status;
  return {
    ...board,
    status: end.status,
    ...(end.result === undefined ? {} : { result: end.result }),
    ...(end.error === undefined ? {} : { error: end.error }),
    stages: board.stages.map((stage) =>
      stage.state === "running" ? { ...stage, state: stageState, endedAt: end.at } : stage,
    ),
  };
}

export function withLeftovers(board: Board, leftovers: readonly Leftover[]): Board {
  const shown = leftovers.slice(0, LEFTOVER_LIMIT);
  const more = leftovers.length - shown.length;
  return {
    ...board,
    leftovers:
      more > 0
        ? [...shown, { resource: `${more} more`, reason: "See the resources tagged with this run's id." }]
        : shown,
  };
}

/** Durable allows 16 KB of UTF-16, which is half as many characters; some are left for its own wrapping. */
const SHOWN_CHARACTERS = 8000;

/**
 * The board as it may be shown while a run goes on: complete if it fits, otherwise without what the run's output will
 * contain in full, and with long texts shortened.
 */
export function shown(board: Board): Board {
  const fits = (one: Board) => JSON.stringify(one).length <= SHOWN_CHARACTERS;
  if (fits(board)) return board;
  const { status, stages, leftovers, error } = board;
  const bare: Board = { status, stages, leftovers, ...(error === undefined ? {} : { error }) };
  if (fits(bare)) return bare;
  const cut = (text: string, length = 200) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
  const brief: Board = {
    status,
    stages,
    leftovers: leftovers.slice(0, 10).map(({ resource, reason }) => ({ resource, reason: cut(reason) })),
    ...(error === undefined
      ? {}
      : {
          error: {
            ...error,
            message: cut(error.message, 1000),
            remedy: cut(error.remedy),
            ...(error.excerpt === undefined ? {} : { excerpt: cut(error.excerpt, 500) }),
          },
        }),
  };
  if (fits(brief)) return brief;
  return { ...brief, stages: stages.map(({ name, state }) => ({ name, state })) };
}
