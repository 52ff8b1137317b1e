/** What writing, reading and deleting have in common whatever the resource: its envelope, its operation, that one's end. */
import { type DurationName, durationMs } from "./durations.js";
import { arm } from "./errors.js";
import type { Completion, Operation, OperationFamily, Start } from "./operations.js";
import type { AnyResource, ResourceOf } from "./resources.js";
import {
  type Call,
  type Outcome,
  type World,
  all,
  find,
  found,
  listScope,
  listed,
  must,
  remove,
  requireGroup,
  setState,
} from "./world.js";

type Type = AnyResource["type"];
type View<T extends Type> = (resource: ResourceOf<T>, call: Call) => unknown;

/** Which provider an operation belongs to, by the first word of its kind; all others are Compute's own. */
const FAMILIES: Readonly<Record<string, OperationFamily>> = {
  disks: "DiskOperations",
  snapshots: "DiskOperations",
  galleries: "capsOperations",
  definitions: "capsOperations",
  versions: "capsOperations",
  resourceGroups: "operationresults",
};

/** The members that every tracked resource has. */
export const tracked = <T extends Type>(
  type: T,
  id: string,
  location: string,
  tags: Record<string, string> = {},
) => ({ name: id.split("/").at(-1) ?? "", id, type, location, tags });

/** Begins an operation on a resource; `more` says what is out of the ordinary. */
export const begin = (
  call: Call,
  kind: DurationName,
  { body }: { readonly body: { readonly id: string; readonly location?: string } },
  more: Partial<Start> = {},
): Operation =>
  call.world.operations.start({
    kind,
    target: body.id,
    location: body.location ?? "",
    family: FAMILIES[kind.slice(0, kind.indexOf("/"))] ?? "operations",
    forMs: durationMs(kind),
    twist: call.twist,
    ...more,
  });

/** Begins a deletion, unless `check` throws. What is not there is gone already. */
export function erase<T extends Type>(
  call: Call,
  type: T,
  kind: DurationName,
  check: (resource: ResourceOf<T>) => void = () => undefined,
): Outcome {
  requireGroup(call.world, call.id);
  const resource = find(call.world, type, call.id);
  if (resource === undefined) return { kind: "absent" };
  check(resource);
  return { kind: "accepted", operation: begin(call, kind, resource) };
}

const asStored = ({ body }: AnyResource): unknown => body;

/** Answers a GET of one resource, and of all in a group or subscription. */
export const reads = <T extends Type>(type: T, view: View<T> = asStored) => ({
  get: (call: Call): Outcome => found(view(must(call.world, type, call.id), call)),
  list: (call: Call): Outcome =>
    listed([...all(call.world, type, listScope(call))].map((resource) => view(resource, call))),
});

/** Answers a GET of all that lies in a parent, which has to be there. */
export const listBelow =
  <T extends Type>(parent: Type, type: T, view: View<T> = asStored) =>
  (call: Call): Outcome => {
    const { body } = must(call.world, parent, call.id);
    return listed([...all(call.world, type, body.id)].map((resource) => view(resource, call)));
  };

/** What an operation works on; it may have gone in the meantime. */
export function standing<T extends Type>(world: World, type: T, target: string): ResourceOf<T> {
  const resource = find(world, type, target);
  if (resource === undefined) throw arm.entityNotFound();
  return resource;
}

const becomes =
  (world: World, type: Type, state: string) =>
  ({ target }: Operation): void => {
    const resource = find(world, type, target);
    if (resource !== undefined) setState(world, resource, state);
  };

/** The end of an operation that failed. */
export const fails = (world: World, type: Type) => becomes(world, type, "Failed");

/** The ends of a write whose effect stands already. */
export const settles = (world: World, type: Type): Completion => ({
  complete: becomes(world, type, "Succeeded"),
  failed: fails(world, type),
});

export const removes = (world: World): Completion => ({ complete: ({ target }) => remove(world, target) });
