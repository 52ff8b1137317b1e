/** What a capture keeps of its source VM, beside the backup: all that a restore goes by. */
import type { Backup } from "../domain/backup.js";
import type { RunStore } from "../ports/run-store.js";
import type { InspectedVm } from "../ports/virtual-machines.js";

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

export const savedVm = document<InspectedVm>("vm-model.json");
export const savedBackup = document<Backup>("backup.json");
