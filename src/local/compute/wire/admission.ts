/** What ARM checks before any resource provider sees a request: api-version, subscription, route, permission, lock. */
import { groupId, keyOf } from "../model/arm-ids.js";
import { ArmError, arm } from "../model/errors.js";
import { checkLocks } from "../model/resource-groups.js";
import type { World } from "../model/world.js";
import { checkApiVersion } from "./api-versions.js";
import { type Match, matcher } from "./route-table.js";
import { ROUTES } from "./routes.js";

const match = matcher(ROUTES);

export function admit(world: World, method: string, url: URL): Match {
  const { pathname, searchParams } = url;
  checkApiVersion(world, searchParams.get("api-version"), pathname);
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(pathname)?.[1];
  if (subscription !== undefined && subscription.toLowerCase() !== world.subscriptionId().toLowerCase()) {
    throw arm.subscriptionNotFound(subscription);
  }
  const found = match(method, pathname);
  if (found === undefined) throw unknown(method, pathname);
  if (method === "PUT") checkName(found);
  if (isDenied(world, found)) throw arm.authorizationFailed(found.action, found.id);
  if (method !== "GET" && method !== "HEAD" && method !== "DELETE") checkGroupStays(world, found);
  const locking = !found.route.name.startsWith("locks/") && method !== "GET" && method !== "HEAD";
  if (locking) checkLocks(world, found.id, method === "DELETE" ? "delete" : "write");
  return found;
}

/** Nothing is made or changed in a group that goes. */
function checkGroupStays(world: World, { params }: Match): void {
  const { subscriptionId = "", group } = params;
  if (group === undefined) return;
  const known = world.tables.resources.get(keyOf(groupId(subscriptionId, group)));
  if (known?.body.properties.provisioningState === "Deleting") throw arm.groupDeleting(group);
}

/** Characters that no provider takes in a name; an escaped slash would even make another id of it. */
const FORBIDDEN = /[<>%&\\?/:#\p{Cc}]/u;

function checkName({ id, params }: Match): void {
  const name = Object.values(params).find((value) => value !== params["scope"] && FORBIDDEN.test(value));
  if (name !== undefined) throw arm.invalidName(id, name);
}

function isDenied(world: World, { action, id }: Match): boolean {
  const denied = (world.tables.settings.get("denied") ?? []) as readonly { action: string; scope?: string }[];
  return denied.some(({ action: pattern, scope = "" }) => {
    const source = pattern
      .split("*")
      .map((part) => part.replaceAll(".", "\\."))
      .join(".*");
    return new RegExp(`^${source}$`, "i").test(action) && id.toLowerCase().startsWith(scope.toLowerCase());
  });
}

/** Every provider of Microsoft's is one that Azure may have; of others ARM says itself that there is none. */
function unknown(method: string, path: string): ArmError {
  const namespace = /\/providers\/([^/]+)/i.exec(path)?.[1];
  return namespace === undefined || /^microsoft\./i.test(namespace)
    ? notSimulated(method, path)
    : arm.invalidNamespace(namespace);
}

/** The best line one reads today: what was asked, what is near it, where the whole list stands. */
function notSimulated(method: string, path: string): ArmError {
  const shape = path
    .replace(/^.*?\/providers\/[^/]+\//i, "")
    .split("/")
    .filter((_, index, all) => index % 2 === 0 || index === all.length - 1);
  const word = shape[0]?.toLowerCase() ?? "";
  const near = ROUTES.filter(({ name }) => name.toLowerCase().startsWith(`${word}/`)).map(({ name }) => name);
  const hint =
    near.length === 0
      ? "Nothing near it is simulated either"
      : `Of ${shape[0] ?? ""} it knows ${near.join(", ")}`;
  return new ArmError(501, {
    code: "NotSimulated",
    message: `The local Compute simulator does not know ${method} ${path}. ${hint}; docs/local/compute.md lists every operation and how true it is.`,
  });
}
