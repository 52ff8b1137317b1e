/** Small documents of a run (plans, models, hashes): what is too large for a history and is read by this run alone. */
export interface RunStore {
  put(runId: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Writes it unless it is there already, and returns what is there then: of many writers one wins. */
  putOnce(runId: string, name: string, bytes: Uint8Array): Promise<Uint8Array>;
  get(runId: string, name: string): Promise<Uint8Array | undefined>;
  /** Names of a run's documents that begin with `prefix`, in order. */
  list(runId: string, prefix?: string): Promise<readonly string[]>;
  /** Everything of a run; nothing is removed already. */
  removeAll(runId: string): Promise<void>;
}
