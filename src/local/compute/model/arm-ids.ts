/** ARM resource ids: case-insensitive to compare, case-preserving to show. */

export interface ParsedId {
  readonly id: string;
  readonly subscriptionId: string;
  readonly group: string;
  /** Provider and type segments, e.g. `Microsoft.Compute/galleries/images`. */
  readonly type: string;
  readonly name: string;
}

/** Two ids name one resource when their keys are equal. */
export const keyOf = (id: string): string => id.toLowerCase().replace(/\/+$/, "");

export const sameId = (a: string, b: string): boolean => keyOf(a) === keyOf(b);

export const groupId = (subscriptionId: string, group: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${group}`;

export function parseId(id: string): ParsedId {
  const segments = id.split("/").filter((segment) => segment !== "");
  const provider = segments.findIndex((segment) => segment.toLowerCase() === "providers");
  const [namespace = "", ...pairs] = provider < 0 ? [] : segments.slice(provider + 1);
  const types = pairs.filter((_, index) => index % 2 === 0);
  const groupAt = segments.findIndex((segment) => segment.toLowerCase() === "resourcegroups");
  return {
    id,
    subscriptionId: segments[1] ?? "",
    group: groupAt < 0 ? "" : (segments[groupAt + 1] ?? ""),
    type: [namespace, ...types].join("/"),
    name: segments.at(-1) ?? "",
  };
}

/** The id of the resource that holds this one: `…/galleries/g/images/i` → `…/galleries/g`. */
export const parentId = (id: string): string => id.split("/").slice(0, -2).join("/");

export const isChildOf = (id: string, ancestor: string): boolean =>
  keyOf(id).startsWith(`${keyOf(ancestor)}/`);

/** DiskRP shows the resource group of an owner in upper case (recorded): ids must never be compared as text. */
export const withUpperCaseGroup = (id: string): string =>
  id.replace(
    /(\/resourceGroups\/)([^/]+)/i,
    (_match, marker: string, group: string) => marker + group.toUpperCase(),
  );
