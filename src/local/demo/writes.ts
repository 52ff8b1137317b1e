/** Nothing was done twice: the simulator's log of write requests, held against that promise. */

export interface Write {
  readonly seq: number;
  readonly method: string;
  readonly operation: string;
  readonly resource: string;
  readonly status: number;
  readonly body: unknown;
}

/** One line for each resource that was created by different requests. A repeat with the same body makes nothing new. */
export function differingCreates(writes: readonly Write[]): string[] {
  const first = new Map<string, Write>();
  const problems: string[] = [];
  for (const write of writes) {
    const key = write.resource.toLowerCase();
    if (write.method === "DELETE" && write.status < 300) first.delete(key);
    if (write.method !== "PUT" || write.status >= 300) continue;
    const former = first.get(key);
    if (former === undefined) first.set(key, write);
    else if (JSON.stringify(former.body) !== JSON.stringify(write.body))
      problems.push(
        `${write.resource} was created by request ${former.seq} and, differently, by request ${write.seq}.`,
      );
  }
  return problems;
}

/** Creates that were sent more than once, all alike: what a killed host repeats. */
export const repeatedCreates = (writes: readonly Write[]): number => {
  const created = writes.filter(({ method, status }) => method === "PUT" && status < 300);
  return created.length - new Set(created.map(({ resource }) => resource.toLowerCase())).size;
};
