/** What the caller's roles allow: everything but the actions that the seed denies (`deniedActions`). */
import { groupId, keyOf, parseId } from "./arm-ids.js";
import { arm } from "./errors.js";
import { type Call, listed, type Outcome } from "./world.js";

interface Denied {
  readonly action: string;
  readonly scope?: string;
}

export function listPermissions({ world, id }: Call): Outcome {
  const { group } = parseId(id);
  if (world.tables.resources.get(keyOf(groupId(world.subscriptionId(), group))) === undefined)
    throw arm.groupNotFound(group);
  const denied = (world.tables.settings.get("denied") ?? []) as readonly Denied[];
  const notActions = denied
    .filter(({ scope = "" }) => keyOf(id).startsWith(keyOf(scope)))
    .map(({ action }) => action);
  return listed([{ actions: ["*"], notActions, dataActions: [], notDataActions: [] }]);
}
