/** What every model function works on: the tables, the clock, the running operations, and how to find a resource. */
import type { Clock } from "../../clock.js";
import type { Contents } from "../content/contents.js";
import { keyOf, parseId } from "./arm-ids.js";
import { arm } from "./errors.js";
import type { Journal } from "./journal.js";
import type { Operation, Operations, Twist } from "./operations.js";
import type { AnyResource, ResourceOf } from "./resources.js";
import type { Table } from "./store.js";

export interface Lock {
  readonly id: string;
  readonly scope: string;
  readonly name: string;
  readonly level: "CanNotDelete" | "ReadOnly";
  readonly notes?: string;
}

/** A storage account whose blobs can be imported. */
export interface StorageAccount {
  readonly accountId: string;
  readonly blobEndpoint: string;
  readonly accountName: string;
  readonly accountKey: string;
}

export interface Tables {
  readonly resources: Table<AnyResource>;
  readonly operations: Table<Operation>;
  readonly locks: Table<Lock>;
  readonly contents: Table<unknown>;
  readonly settings: Table<unknown>;
  readonly writes: Table<unknown>;
  readonly rules: Table<unknown>;
}

export interface World {
  readonly subscriptionId: () => string;
  readonly clock: Clock;
  readonly tables: Tables;
  readonly journal: Journal;
  readonly operations: Operations;
  readonly contents: Contents;
  readonly storage: readonly StorageAccount[];
  readonly endpoint: () => string;
  readonly log: (line: string) => void;
}

/** One request, in the words of the model. */
export interface Call {
  readonly world: World;
  /** The resource that is addressed, with its type spelled as ARM spells it. */
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly twist: Twist | undefined;
}

/** What came of it. The wire turns this into status, headers and bytes. */
export type Outcome =
  | { readonly kind: "found"; readonly body: unknown }
  | {
      readonly kind: "created" | "updated";
      readonly body: unknown;
      readonly operation?: Operation;
      readonly retrySeconds?: number;
    }
  | {
      readonly kind: "accepted";
      readonly body?: unknown;
      readonly operation: Operation;
      readonly retrySeconds?: number;
    }
  | { readonly kind: "done" }
  | { readonly kind: "absent" };

export const found = (body: unknown): Outcome => ({ kind: "found", body });
export const listed = (value: readonly unknown[]): Outcome => ({ kind: "found", body: { value } });

export function find<T extends AnyResource["type"]>(
  world: World,
  type: T,
  id: string,
): ResourceOf<T> | undefined {
  const resource = world.tables.resources.get(keyOf(id));
  return resource?.type === type ? (resource as ResourceOf<T>) : undefined;
}

export function must<T extends AnyResource["type"]>(world: World, type: T, id: string): ResourceOf<T> {
  const resource = find(world, type, id);
  if (resource !== undefined) return resource;
  const { group } = requireGroup(world, id);
  const names = id.split("/").filter((_, index) => index >= 8 && index % 2 === 0);
  throw arm.resourceNotFound(type, names.join("/"), group);
}

/** The group that an id lies in exists, or ARM answers before any provider is asked. */
export function requireGroup(world: World, id: string): { group: string; location: string } {
  const { group, subscriptionId } = parseId(id);
  const known = world.tables.resources.get(keyOf(`/subscriptions/${subscriptionId}/resourceGroups/${group}`));
  if (known === undefined) throw arm.groupNotFound(group);
  return { group, location: known.body.location ?? "" };
}

export function save(world: World, resource: AnyResource): void {
  world.tables.resources.set(keyOf(resource.body.id), resource);
}

export function remove(world: World, id: string): void {
  world.tables.resources.delete(keyOf(id));
}

export function* all<T extends AnyResource["type"]>(
  world: World,
  type: T,
  scope = "",
): Generator<ResourceOf<T>, void, undefined> {
  const prefix = scope === "" ? "" : `${keyOf(scope)}/`;
  for (const [key, resource] of world.tables.resources.entries()) {
    if (resource.type === type && key.startsWith(prefix)) yield resource as ResourceOf<T>;
  }
}

/** The id of the group or subscription that a list is asked of. */
export const listScope = (call: Call): string => {
  const subscription = `/subscriptions/${call.params["subscriptionId"] ?? ""}`;
  const group = call.params["group"];
  return group === undefined ? subscription : `${subscription}/resourceGroups/${group}`;
};

export const setState = (world: World, resource: AnyResource, provisioningState: string): void => {
  resource.body.properties.provisioningState = provisioningState;
  save(world, resource);
};

/** Azure's time stamps: seven fractional digits and a numeric offset. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace("Z", "0000+00:00");
