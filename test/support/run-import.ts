/** Runs the import runbook in its scripted world, and reads what it did. */
import type { ImportSettings } from "../../src/contracts/import-run.js";
import type { ImageOrder } from "../../src/domain/image-order.js";
import type { Board } from "../../src/domain/stages.js";
import { importImage } from "../../src/orchestrators/import-image.js";
import { importWorld, inputOf } from "./import-world.js";
import type { OrchestrationOutcome, OrchestrationScript, ScriptedActivity } from "./run-orchestration.js";
import { runOrchestration } from "./run-orchestration.js";

export const run = (
  changes: Record<string, ScriptedActivity> = {},
  settings: Partial<ImportSettings> = {},
  script: Partial<OrchestrationScript> = {},
) => runOrchestration(importImage, { input: inputOf(settings), activities: importWorld(changes), ...script });

export const board = (outcome: OrchestrationOutcome) => outcome.customStatus as Board;
export const states = (outcome: OrchestrationOutcome) => board(outcome).stages.map(({ state }) => state);
export const inputsOf = <T>({ calls }: OrchestrationOutcome, name: string): T[] =>
  calls.filter((call) => call.name === name).map(({ input }) => input as T);
export const order = (outcome: OrchestrationOutcome) =>
  inputsOf<ImageOrder>(outcome, "createManagedImageStart")[0];
export const removed = (outcome: OrchestrationOutcome) => [
  ...inputsOf<{ name: string }>(outcome, "removePrepared").map(({ name }) => name),
  ...inputsOf<{ resourceId: string }>(outcome, "removeResourceStart").map(({ resourceId }) => resourceId),
];
