/**
 * From the sight of a file to the one run of its content, however often it is seen: by events, by polling, by the
 * sweep, whole or half uploaded.
 */
import type { DurableClient } from "durable-functions";
import { OrchestrationRuntimeStatus } from "durable-functions";
import { IMPORT_ORCHESTRATOR, type ImportInput, type ImportSettings } from "../contracts/import-run.js";
import { instanceIdOf } from "../contracts/status.js";
import { isDisk, isManifest, type DropPlace, type DropRef } from "../domain/import/drop.js";
import { importRunId, placeKey } from "../domain/import/run-id.js";
import type { Board } from "../domain/stages.js";
import type { Drops } from "../ports/drops.js";
import type { RunStore } from "../ports/run-store.js";
import { findInstance } from "./status.js";
import { startOnce } from "./start-run.js";

export interface Arrivals {
  readonly drops: Drops;
  readonly runs: RunStore;
  readonly settings: ImportSettings;
  /** The description that names this file, so that its run makes the image. */
  readonly describedBy: (place: DropPlace) => Promise<DropPlace | undefined>;
  /** The run that was first to find this content complete. */
  readonly claimant: (contentRunId: string) => Promise<string | undefined>;
}

export type Arrival =
  | { readonly outcome: "started" | "known"; readonly runId: string }
  | { readonly outcome: "ignored"; readonly because: string };

const WAITING = "waiting";

/** A file was announced; what it is now may be more than what was announced. */
export async function arrived(place: DropPlace, client: DurableClient, arrivals: Arrivals): Promise<Arrival> {
  if (!isImportable(place)) return ignored("neither a .vhd nor an .image.json");
  const state = await arrivals.drops.look(place);
  return state === undefined ? ignored("it is gone") : consider(state.drop, client, arrivals);
}

export const isImportable = ({ blob }: DropPlace): boolean => isDisk(blob) || isManifest(blob);

/** Starts the run of this content, unless there is one, or another run makes the image of it. */
export async function consider(drop: DropRef, client: DurableClient, arrivals: Arrivals): Promise<Arrival> {
  const { runs, settings } = arrivals;
  const { container, blob, etag } = drop;
  const runId = importRunId(drop);
  const known = (await arrivals.claimant(runId)) ?? (await waitingRun(drop, client, runs));
  if (known !== undefined) return { outcome: "known", runId: known };
  const description = isDisk(blob) ? await arrivals.describedBy(drop) : undefined;
  if (description !== undefined) return ignored(`${description.blob} describes it`);

  const input: ImportInput = { runId, source: { container, blob, etag }, settings };
  const started = await startOnce(client, IMPORT_ORCHESTRATOR, instanceIdOf("import", runId), input);
  await runs.put(WAITING, placeKey(drop), new TextEncoder().encode(runId));
  return { outcome: started ? "started" : "known", runId };
}

/** A run that waits for this file to be complete takes it as it then is, so that an upload makes one run, not many. */
async function waitingRun(drop: DropRef, client: DurableClient, runs: RunStore): Promise<string | undefined> {
  const bytes = await runs.get(WAITING, placeKey(drop));
  if (bytes === undefined) return undefined;
  const runId = new TextDecoder().decode(bytes);
  const status = await findInstance(client, instanceIdOf("import", runId));
  if (status === undefined) return undefined;
  const board = status.customStatus as Partial<Board> | undefined;
  const landing = board?.stages?.find(({ name }) => name === "landing");
  const waits = board?.status === "running" && (landing?.state === "pending" || landing?.state === "running");
  return waits || status.runtimeStatus === OrchestrationRuntimeStatus.Pending ? runId : undefined;
}

const ignored = (because: string): Arrival => ({ outcome: "ignored", because });
