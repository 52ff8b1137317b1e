/** What the simulator knows, as tables of JSON values that remember which rows changed since the last commit. */

export class Table<T> {
  readonly #rows = new Map<string, T>();
  readonly #dirty = new Set<string>();

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  /** Also says that a row changed in place. */
  set(key: string, row: T): void {
    this.#rows.set(key, row);
    this.#dirty.add(key);
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#dirty.add(key);
  }

  clear(): void {
    for (const key of [...this.#rows.keys()]) this.delete(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  values(): MapIterator<T> {
    return this.#rows.values();
  }

  entries(): MapIterator<[string, T]> {
    return this.#rows.entries();
  }

  /** The rows changed since the last call; a deleted one is null. */
  takeChanges(): Record<string, unknown> | undefined {
    if (this.#dirty.size === 0) return undefined;
    const changes = Object.fromEntries([...this.#dirty].map((key) => [key, this.#rows.get(key) ?? null]));
    this.#dirty.clear();
    return changes;
  }

  /** Takes over what a journal says. Values were written by this very table, so their type is what it was. */
  restore(rows: Record<string, unknown>): void {
    for (const [key, row] of Object.entries(rows)) {
      if (row === null) this.#rows.delete(key);
      else this.#rows.set(key, row as T);
    }
  }
}
