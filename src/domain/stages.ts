/**
 * The board of a run: which stages there are, how each stands, and since when. It is the run's custom status, so it
 * stays small (see `shown`) and holds nothing that may not be read by whoever may read the run.
 */
export type StageState = "pending" | "running" | "done" | "skipped" | "refused" | "failed" | "cancelled";

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
}

export type RunStatus = "pending" | "running" | "succeeded" | "refused" | "failed" | "cancelled";

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

/** An empty detail takes the former one away. */
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
 * The board as it may be shown while a run goes on: whole where it fits, else without what the run's output will say
 * in full, and with long texts cut.
 */
export function shown(board: Board): Board {
  const fits = (one: Board) => JSON.stringify(one).length <= SHOWN_CHARACTERS;
  if (fits(board)) return board;
  const { result: _result, ...bare } = board;
  if (fits(bare)) return bare;
  const cut = (text: string) => (text.length > 200 ? `${text.slice(0, 199)}…` : text);
  const brief: Board = {
    ...bare,
    leftovers: bare.leftovers.slice(0, 10).map(({ resource, reason }) => ({ resource, reason: cut(reason) })),
    ...(bare.error === undefined
      ? {}
      : {
          error: {
            ...bare.error,
            message: bare.error.message.slice(0, 1000),
            remedy: cut(bare.error.remedy),
          },
        }),
  };
  return fits(brief)
    ? brief
    : { ...brief, stages: brief.stages.map(({ detail: _detail, ...stage }) => stage) };
}
