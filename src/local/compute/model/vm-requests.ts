/** What requests that write a VM have in common: what is echoed, what is kept, and the operation they begin. */
import type { Vm } from "./resources.js";
import type { parse, vmRequest } from "./schemas.js";
import { begin } from "./verbs.js";
import { vmErrors } from "./vm-errors.js";
import type { Call } from "./world.js";

export type Request = ReturnType<typeof parse<typeof vmRequest>>;
export type Properties = Vm["body"]["properties"];

/** identity, plan and the like are kept as they came. */
export const carried = (request: Request): Record<string, unknown> => {
  const { identity, plan, extendedLocation } = request as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries({ identity, plan, extendedLocation }).filter(([, value]) => value !== undefined),
  );
};

const SECRETS: ReadonlySet<string> = new Set(["adminPassword", "customData"]);

/** What is told only where it is asked for by name, or never, is not echoed; what the service always answers is added. */
export function shownProperties({ osProfile, ...others }: Properties): Properties {
  delete others.userData;
  if (osProfile === undefined) return others;
  const kept = Object.fromEntries(Object.entries(osProfile).filter(([name]) => !SECRETS.has(name)));
  return {
    ...others,
    osProfile: { ...kept, secrets: [], allowExtensionOperations: true, requireGuestProvisionSignal: true },
  };
}

const USER_DATA_CHARS = 87384;

/** What a request makes of the user data: nothing where it does not name them; an empty text takes them away. */
export function userDataOf({ userData }: Properties): { readonly userData?: string } {
  if (userData === undefined) return {};
  const given = userData ?? "";
  const isBase64 = given.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(given);
  if (!isBase64 || given.length > USER_DATA_CHARS) throw vmErrors.badUserData(USER_DATA_CHARS);
  return { userData: given };
}

type Kind =
  "virtualMachines/create" | "virtualMachines/update" | "virtualMachines/patch" | "virtualMachines/delete";

export const start = (
  call: Call,
  vm: Vm,
  kind: Kind,
  details: Record<string, unknown>,
  times: { readonly forMs?: number; readonly firstPollSeconds?: number } = {},
) => begin(call, kind, vm, { details, ...times });
