/**
 * Holds of runs that ended without letting go: terminated or purged by Durable's own API, or ended by a deployment. An
 * activity, for whoever stands in line asks; here, for Durable alone knows how the holder stands.
 */
import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { DurableClient } from "durable-functions";
import { releaseEnded } from "../contracts/capture-activities.js";
import { instanceIdOf } from "../contracts/status.js";
import type { VmHolds } from "../ports/vm-holds.js";
import { logEvent } from "./log-event.js";
import { OPEN_IN_DURABLE, findInstance } from "./status.js";

export function registerHoldFunctions({ holds }: { readonly holds: VmHolds }): void {
  df.app.activity(releaseEnded.name, {
    extraInputs: [df.input.durableClient()],
    handler: async ({ vmId, heldBy }: { vmId: string; heldBy: string }, context: InvocationContext) => {
      if (await isOpen(df.getClient(context), heldBy)) return false;
      await holds.release(vmId, heldBy);
      logEvent(context, "let go for an ended run", { run: heldBy, vm: vmId });
      return true;
    },
  });
}

/** A capture holds under its run's id, a restore under its instance's. A run that nobody knows any more was purged. */
export async function isOpen(client: Pick<DurableClient, "getStatus">, heldBy: string): Promise<boolean> {
  const found = await Promise.all(
    [instanceIdOf("capture", heldBy), heldBy].map((instanceId) => findInstance(client, instanceId)),
  );
  return found.some((instance) => instance && OPEN_IN_DURABLE.includes(instance.runtimeStatus));
}
