/** Resource groups and management locks: what ARM itself keeps, before any resource provider. */
import { randomUUID } from "node:crypto";
import { networkBlockers, releaseNics } from "../network/attachment.js";
import { groupId, keyOf, parseId, sameId } from "./arm-ids.js";
import { ArmError, arm, type ErrorBody } from "./errors.js";
import type { Completion, Operation } from "./operations.js";
import { detachFromVm } from "./disks.js";
import type { Group } from "./resources.js";
import { groupRequest, lockRequest, parse } from "./schemas.js";
import { begin } from "./verbs.js";
import { type Call, all, found, listed, type Lock, type Outcome, save, type World } from "./world.js";

export const GROUP = "Microsoft.Resources/resourceGroups";

const existing = (call: Call): Group | undefined => {
  const resource = call.world.tables.resources.get(keyOf(call.id));
  return resource?.type === GROUP ? resource : undefined;
};

export const required = (call: Call): Group => {
  const group = existing(call);
  if (group === undefined) throw arm.groupNotFound(parseId(call.id).group);
  return group;
};

export function putGroup(call: Call): Outcome {
  const { location, tags = {} } = parse(groupRequest, call.body);
  const known = existing(call);
  if (location === undefined && known === undefined) throw arm.locationRequired();
  const group = makeGroup(call.world, parseId(call.id).group, known?.body.location ?? location ?? "", tags);
  return { kind: known === undefined ? "created" : "updated", body: group.body };
}

export function makeGroup(world: World, name: string, location: string, tags: Record<string, string>): Group {
  const id = groupId(world.subscriptionId(), name);
  const group: Group = {
    type: GROUP,
    body: { id, name, type: GROUP, location, tags, properties: { provisioningState: "Succeeded" } },
    inner: {},
  };
  save(world, group);
  return group;
}

export const getGroup = (call: Call): Outcome => found(required(call).body);

export function headGroup(call: Call): Outcome {
  required(call);
  return { kind: "absent" };
}

export function patchGroup(call: Call): Outcome {
  const group = required(call);
  group.body.tags = parse(groupRequest, call.body).tags ?? group.body.tags ?? {};
  save(call.world, group);
  return { kind: "updated", body: group.body };
}

export function deleteGroup(call: Call): Outcome {
  const group = required(call);
  const operation = begin(call, "resourceGroups/delete", group, { target: call.id });
  group.body.properties.provisioningState = "Deleting";
  save(call.world, group);
  return { kind: "accepted", operation, retrySeconds: 15 };
}

export const groupCompletions = (world: World): Record<string, Completion> => ({
  "resourceGroups/delete": {
    complete: ({ target }) => {
      const blocked = blockers(world, target);
      if (blocked.length > 0) throw blockedDeletion(parseId(target).group, blocked);
      const prefix = `${keyOf(target)}/`;
      // A VM may go while its disks and interfaces in other groups stay: they must not remember it.
      for (const vm of [...all(world, "Microsoft.Compute/virtualMachines", target)]) {
        detachFromVm(world, vm.body.id);
        releaseNics(world, vm);
      }
      for (const { body } of [...world.tables.resources.values()]) {
        if (keyOf(body.id).startsWith(prefix) || sameId(body.id, target))
          world.tables.resources.delete(keyOf(body.id));
      }
      for (const lock of [...world.tables.locks.values()]) {
        if (keyOf(lock.scope).startsWith(prefix) || sameId(lock.scope, target))
          world.tables.locks.delete(keyOf(lock.id));
      }
    },
    failed: ({ target }: Operation) => {
      const group = world.tables.resources.get(keyOf(target));
      if (group === undefined) return;
      group.body.properties.provisioningState = "Succeeded";
      save(world, group);
    },
  },
});

interface Blocker {
  readonly id: string;
  readonly error: ErrorBody;
}

/** What the group's deletion stumbles over: a disk that somebody still reads, a network that is used elsewhere. */
function blockers(world: World, group: string): Blocker[] {
  const disks = [
    ...all(world, "Microsoft.Compute/disks", group),
    ...all(world, "Microsoft.Compute/snapshots", group),
  ];
  const read = disks
    .filter(({ inner }) => inner.access !== undefined && inner.access.expiresMs > world.clock.now())
    .map(({ body }) => ({
      id: body.id,
      error: {
        code: "OperationNotAllowed",
        message: `There is an active shared access signature outstanding for disk ${body.name}. Call EndGetAccess before attaching or deleting the disk. Learn more here: aka.ms/revokeaccessapi.`,
      },
    }));
  return [...read, ...networkBlockers(world, group)];
}

const blockedDeletion = (group: string, blocked: readonly Blocker[]): ArmError =>
  new ArmError(409, {
    code: "ResourceGroupDeletionBlocked",
    message: `Deletion of resource group '${group}' failed as resources with identifiers '${blocked.map(({ id }) => id).join(",")}' could not be deleted. The provisioning state of the resource group will be rolled back. The tracking Id is '${randomUUID()}'. Please check audit logs for more details.`,
    details: blocked.map(({ id, error }) => ({ code: "", target: id, message: JSON.stringify({ error }) })),
  });

// Locks ------------------------------------------------------------------------------------------------------

const lockBody = (lock: Lock) => ({
  id: lock.id,
  name: lock.name,
  type: "Microsoft.Authorization/locks",
  properties: { level: lock.level, ...(lock.notes === undefined ? {} : { notes: lock.notes }) },
});

export function makeLock(
  world: World,
  scope: string,
  name: string,
  level: Lock["level"],
  notes?: string,
): Lock {
  const id = `${scope}/providers/Microsoft.Authorization/locks/${name}`;
  const lock: Lock = { id, scope, name, level, ...(notes === undefined ? {} : { notes }) };
  world.tables.locks.set(keyOf(id), lock);
  return lock;
}

/** `call.id` is the scope that the lock lies on. */
export function putLock(call: Call): Outcome {
  const { properties } = parse(lockRequest, call.body);
  const name = call.params["lock"] ?? "";
  const known = call.world.tables.locks.get(
    keyOf(`${call.id}/providers/Microsoft.Authorization/locks/${name}`),
  );
  const lock = makeLock(call.world, call.id, name, properties.level, properties.notes);
  return { kind: known === undefined ? "created" : "updated", body: lockBody(lock) };
}

const lockOf = (call: Call): Lock | undefined =>
  call.world.tables.locks.get(
    keyOf(`${call.id}/providers/Microsoft.Authorization/locks/${call.params["lock"] ?? ""}`),
  );

export function getLock(call: Call): Outcome {
  const lock = lockOf(call);
  if (lock === undefined) throw new ArmError(404, lockNotFound(call.params["lock"] ?? ""), { gateway: true });
  return found(lockBody(lock));
}

const lockNotFound = (name: string): ErrorBody => ({
  code: "LockNotFound",
  message: `The lock '${name}' could not be found.`,
});

export function deleteLock(call: Call): Outcome {
  const lock = lockOf(call);
  if (lock === undefined) return { kind: "absent" };
  call.world.tables.locks.delete(keyOf(lock.id));
  return { kind: "done" };
}

/** Locks on the scope and everything below it, as ARM lists them. */
export function listLocks(call: Call): Outcome {
  const scope = keyOf(call.id);
  return listed(
    [...call.world.tables.locks.values()]
      .filter((lock) => keyOf(lock.scope) === scope || keyOf(lock.scope).startsWith(`${scope}/`))
      .map(lockBody),
  );
}

/** Refuses a write below a lock. A group cannot go while anything inside it is locked. */
export function checkLocks(world: World, id: string, operation: "delete" | "write"): void {
  const key = keyOf(id);
  const locked = [...world.tables.locks.values()].filter(({ scope, level }) => {
    const scopeKey = keyOf(scope);
    const covers = key === scopeKey || key.startsWith(`${scopeKey}/`);
    const inside = operation === "delete" && scopeKey.startsWith(`${key}/`);
    return (covers || inside) && (operation === "delete" || level === "ReadOnly");
  });
  if (locked.length > 0)
    throw arm.scopeLocked(
      id,
      operation,
      locked.map(({ scope }) => scope),
    );
}
