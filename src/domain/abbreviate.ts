/** Lists of ids that must fit into a status: complete if they fit, otherwise shortened, with a note. */
import { resourceName } from "./resource-id.js";

const length = (items: readonly string[]): number =>
  items.reduce((sum, item) => sum + item.length + '"",'.length, 0);

/** The ids; if they do not fit, their names; if those do not either, as many as fit and how many more there are. */
export function abbreviateIds(ids: readonly string[], limitChars: number): readonly string[] {
  if (length(ids) <= limitChars) return ids;
  const names = ids.map(resourceName);
  if (length(names) <= limitChars) return names;
  const counted = (count: number) => [...names.slice(0, count), `and ${names.length - count} more`];
  let count = names.length;
  while (count > 0 && length(counted(count)) > limitChars) count -= 1;
  return counted(count);
}
