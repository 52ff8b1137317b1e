/** What requests that write a VM have in common: what is echoed, what is kept, and the operation they begin. */
import type { Vm } from "./resources.js";
import type { parse, vmRequest } from "./schemas.js";
import { begin } from "./verbs.js";
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

/** Secrets are never echoed; what the service always answers is added. */
export function shownProperties(properties: Properties): Properties {
  const { osProfile, ...others } = properties;
  if (osProfile === undefined) return others;
  const kept = Object.fromEntries(Object.entries(osProfile).filter(([name]) => !SECRETS.has(name)));
  return {
    ...others,
    osProfile: { ...kept, secrets: [], allowExtensionOperations: true, requireGuestProvisionSignal: true },
  };
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
