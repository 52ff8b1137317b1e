/** Runs as a client sees them: by HTTP, from outside, with patience for a host that is being started again. */

export interface Stage {
  readonly name: string;
  readonly state: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly percent?: number;
  readonly detail?: string;
}

export interface RunDocument {
  readonly id: string;
  readonly status: string;
  readonly stages: readonly Stage[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly leftovers: readonly { readonly resource: string; readonly reason: string }[];
}

export interface WatchedRun {
  /** As a person knows it. */
  readonly label: string;
  /** Undefined while there is no such run yet. */
  ask(): Promise<RunDocument | undefined>;
}

export interface Sighting {
  readonly label: string;
  readonly document: RunDocument | undefined;
}

const ENDED = ["succeeded", "refused", "failed", "cancelled"] as const;
export type EndedRun = RunDocument & { readonly status: (typeof ENDED)[number] };
export const hasEnded = (document: RunDocument | undefined): document is EndedRun =>
  ENDED.some((status) => status === document?.status);

const POLL_MS = 250;

/** Polls until every run has ended; `see` hears of each round. */
export async function watchRuns(
  runs: readonly WatchedRun[],
  see: (sightings: readonly Sighting[]) => void,
  limitMs: number,
): Promise<ReadonlyMap<string, RunDocument>> {
  const lastSeen = new Map<string, RunDocument>();
  const deadline = Date.now() + limitMs;
  for (;;) {
    for (const run of runs) {
      if (hasEnded(lastSeen.get(run.label))) continue;
      const document = await run.ask();
      if (document !== undefined) lastSeen.set(run.label, document);
    }
    const sightings = runs.map(({ label }) => ({ label, document: lastSeen.get(label) }));
    see(sightings);
    const open = sightings.filter(({ document }) => !hasEnded(document));
    if (open.length === 0) return lastSeen;
    if (Date.now() > deadline)
      throw new Error(
        `Not ended within ${limitMs / 1000} s: ${open.map(({ label, document }) => `${label} (${standing(document)})`).join(", ")}.`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function standing(document: RunDocument | undefined): string {
  if (document === undefined) return "never seen";
  const stage = document.stages.find(({ state }) => state === "running");
  return stage === undefined ? document.status : `${stage.name}, ${stage.detail ?? stage.state}`;
}

/** GET as JSON; undefined for 404, and for a host that is not there at the moment. */
export async function getJson<T>(url: string): Promise<T | undefined> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    return undefined;
  }
  if (response.status === 404 || response.status === 503) return undefined;
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
