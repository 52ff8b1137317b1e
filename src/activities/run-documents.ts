/** What a capture keeps of its source VM, beside the backup: all that a restore goes by, a document a question. */
import type { KeptCapture, KeptModel } from "../domain/restore.js";
import { placeName } from "../domain/vm.js";
import type { RunStore } from "../ports/run-store.js";

interface Document<T> {
  readonly name: string;
  save(runs: RunStore, runId: string, value: T): Promise<void>;
  read(runs: RunStore, runId: string): Promise<T | undefined>;
}

const document = <T>(name: string): Document<T> => ({
  name,
  save: (runs, runId, value) => runs.put(runId, name, new TextEncoder().encode(JSON.stringify(value))),
  async read(runs, runId) {
    const bytes = await runs.get(runId, name);
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T);
  },
});

/** The VM as Azure gave it, with its user data. */
export const savedVm = document<KeptModel & { readonly model: unknown }>("vm-model.json");
/** A disk as Azure gave it; by LUN, -1 is the OS disk. */
export const savedDisk = (lun: number) =>
  document<{ readonly model: unknown }>(`disk-${placeName(lun)}.json`);
export const savedCapture = document<KeptCapture>("backup.json");
