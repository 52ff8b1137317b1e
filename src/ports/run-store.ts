/** Small documents of a run (plans, models, hashes): too large for a history, and read only by this run. */
export interface RunStore {
  put(runId: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Writes it unless it exists, and returns what is stored then: of several writers, one wins. */
  putOnce(runId: string, name: string, bytes: Uint8Array): Promise<Uint8Array>;
  get(runId: string, name: string): Promise<Uint8Array | undefined>;
  /** Names of a run's documents that begin with `prefix`, in order. */
  list(runId: string, prefix?: string): Promise<readonly string[]>;
  /** Removes everything of a run; a run without documents counts as removed. */
  removeAll(runId: string): Promise<void>;
}
