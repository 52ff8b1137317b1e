/** How Microsoft.Network's long-running operations begin and end. */
import { durationMs, type DurationName } from "../model/durations.js";
import type { Completion, Operation } from "../model/operations.js";
import type { AnyResource } from "../model/resources.js";
import { type Call, setState, type World } from "../model/world.js";
import { networkErrors } from "./errors.js";

type Kind = Extract<DurationName, `networkInterfaces/${string}` | `virtualNetworks/${string}`>;

export const begin = (call: Call, kind: Kind, location: string): Operation =>
  call.world.operations.start({
    kind,
    target: call.id,
    location,
    family: "network",
    forMs: durationMs(kind),
    twist: call.twist,
  });

/** What is being deleted is written no more. Writes stand at once, so they do not hold each other up. */
export function requireFree(world: World, id: string): void {
  const running = world.operations.underWay(id).find(({ kind }) => kind.endsWith("/delete"));
  if (running === undefined) return;
  const { location, id: operationId } = running;
  throw networkErrors.busy(
    `${world.endpoint()}/subscriptions/${world.subscriptionId()}/providers/Microsoft.Network/locations/${location}/operations/${operationId}`,
  );
}

/** A write whose effect stands already: when it ends, what it touched says how. */
export const settled = (
  world: World,
  touched: (target: string) => readonly AnyResource[],
): Required<Pick<Completion, "complete" | "failed">> => ({
  complete: ({ target }) => {
    for (const resource of touched(target)) setState(world, resource, "Succeeded");
  },
  failed: ({ target }) => {
    for (const resource of touched(target)) setState(world, resource, "Failed");
  },
});
