/** What a capture keeps of its source VM, beside the backup: all that a restore goes by. */
import type { Backup } from "../domain/backup.js";
import type { RunStore } from "../ports/run-store.js";
import type { InspectedVm } from "../ports/virtual-machines.js";

interface Document<T> {
  readonly name: string;
  save(runs: RunStore, runId: string, value: T): Promise<void>;
  /** What stands already is kept, and returned. */
  saveOnce(runs: RunStore, runId: string, value: T): Promise<T>;
  read(runs: RunStore, runId: string): Promise<T | undefined>;
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

const document = <T>(name: string): Document<T> => ({
  name,
  save: (runs, runId, value) => runs.put(runId, name, encode(value)),
  saveOnce: async (runs, runId, value) => decode(await runs.putOnce(runId, name, encode(value))) as T,
  async read(runs, runId) {
    const bytes = await runs.get(runId, name);
    return bytes && (decode(bytes) as T);
  },
});

export const savedVm = document<InspectedVm>("vm-model.json");
export const savedBackup = document<Backup>("backup.json");
