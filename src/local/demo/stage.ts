/** What every act of the demo stands on. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import type { Environment } from "../start/environment.js";
import type { DemoDisk } from "./disk/demo-disk.js";
import { fold } from "./fold.js";
import type { Screen } from "./progress.js";
import type { RunDocument, WatchedRun } from "./runs.js";
import { getJson } from "./runs.js";

export interface Stage {
  readonly environment: Environment;
  readonly compute: ComputeManagementClient;
  readonly disk: DemoDisk;
  readonly dropContainer: string;
  readonly captureQueue: string;
  readonly screen: Screen;
  /** What is not as it should be; the demo fails when anything is in it at the end. */
  readonly problems: string[];
}

/** Generous: a demo on an idle machine of two cores takes a quarter of it. */
export const RUNS_END_WITHIN_MS = 240_000;

export const say = ({ screen }: Stage, ...lines: readonly string[]): void =>
  screen.write(lines.flatMap((line) => fold(line).map((part) => `${part}\n`)).join(""));

export const captureRun = ({ environment }: Stage, id: string, label: string): WatchedRun => ({
  label,
  ask: () => getJson<RunDocument>(`${environment.hostUrl}/api/captures/${id}`),
});

/** The run of a dropped file bears the file's name; its end depends on the content, and nobody told us. */
export const importRun = ({ environment }: Stage, stem: string, label: string): WatchedRun => {
  let id: string | undefined;
  return {
    label,
    async ask() {
      if (id !== undefined) return getJson<RunDocument>(`${environment.hostUrl}/api/imports/${id}`);
      const list = await getJson<{ runs: readonly RunDocument[] }>(
        `${environment.hostUrl}/api/runs?kind=import`,
      );
      const run = list?.runs.find((one) => one.id.startsWith(`${stem}-`));
      id = run?.id;
      return run;
    },
  };
};
