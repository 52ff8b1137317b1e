/**
 * Azure Resource Manager ids: /subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}[/{type}/{name}…].
 * They compare without regard to case, and some services echo the group's name in upper case.
 */
export interface ResourceId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly provider: string;
  /** As in "virtualMachines" or "galleries/images/versions". */
  readonly type: string;
  /** One name a type segment. */
  readonly names: readonly [string, ...string[]];
}

const SHAPE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/([^/].*)$/i;
/** What an id's segment may hold; also keeps anything that could change a URL's meaning out of a path. */
const SEGMENT = /^(?!\.{1,2}$)[\w.()-]{1,128}$/;

export function parseResourceId(id: string): ResourceId | undefined {
  const [, subscriptionId, resourceGroup, provider, rest] = SHAPE.exec(id) ?? [];
  if (!subscriptionId || !resourceGroup || !provider || !rest) return undefined;
  const segments = rest.split("/");
  if (segments.length % 2 !== 0) return undefined;
  if (![subscriptionId, resourceGroup, provider, ...segments].every((segment) => SEGMENT.test(segment)))
    return undefined;
  const types = segments.filter((_, index) => index % 2 === 0);
  const [first, ...others] = segments.filter((_, index) => index % 2 === 1);
  if (first === undefined) return undefined;
  return { subscriptionId, resourceGroup, provider, type: types.join("/"), names: [first, ...others] };
}

export function isResourceOfType(id: string, provider: string, type: string): boolean {
  const parsed = parseResourceId(id);
  return (
    parsed?.provider.toLowerCase() === provider.toLowerCase() &&
    parsed.type.toLowerCase() === type.toLowerCase()
  );
}

/** Azure's rule: no full stop at the end, so that `..` is none and cannot lead a path elsewhere. */
export const GROUP_NAME = /^[\w.()-]{0,89}[\w()-]$/;

export function isResourceGroup(id: string): boolean {
  const [, group] = /^\/subscriptions\/[\w-]+\/resourceGroups\/([^/]+)$/i.exec(id) ?? [];
  return group !== undefined && GROUP_NAME.test(group);
}

export const sameResource = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const resourceName = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

/** The resource group of a resource, or another one of the same subscription. */
export const groupIdOf = (id: string, other?: string): string => {
  const [, , subscription = "", , own = ""] = id.split("/");
  return `/subscriptions/${subscription}/resourceGroups/${other ?? own}`;
};

export const subscriptionIdOf = (id: string): string => id.split("/")[2] ?? "";

/** Those of the ids that lie in a subscription. */
export const inSubscription = (subscriptionId: string, ids: readonly string[]): readonly string[] =>
  ids.filter((id) => sameResource(subscriptionIdOf(id), subscriptionId));

/** Whether what lies on `scope` holds for `id`. */
export const covers = (scope: string, id: string): boolean =>
  id.toLowerCase() === scope.toLowerCase() || id.toLowerCase().startsWith(`${scope.toLowerCase()}/`);

const compute = (subscriptionId: string, resourceGroup: string) =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute`;

/** Ids of the kinds of resource that a run makes, in one resource group. */
export const computeIds = (subscriptionId: string, resourceGroup: string) => {
  const base = compute(subscriptionId, resourceGroup);
  return {
    vm: (name: string) => `${base}/virtualMachines/${name}`,
    disk: (name: string) => `${base}/disks/${name}`,
    snapshot: (name: string) => `${base}/snapshots/${name}`,
    image: (name: string) => `${base}/images/${name}`,
    restorePoint: (collection: string, point: string) =>
      `${base}/restorePointCollections/${collection}/restorePoints/${point}`,
  };
};

export const parentId = (id: string): string => id.split("/").slice(0, -2).join("/");
