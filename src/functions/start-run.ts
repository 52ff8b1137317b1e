/** Starts a run once: a second delivery, or a second request with the same id, finds the first run. */
import type { DurableClient } from "durable-functions";
import { findInstance } from "./status.js";

/** @returns whether this call started it. */
export async function startOnce(
  client: DurableClient,
  orchestrator: string,
  instanceId: string,
  input: unknown,
): Promise<boolean> {
  if ((await findInstance(client, instanceId)) !== undefined) return false;
  try {
    await client.startNew(orchestrator, { instanceId, input });
    return true;
  } catch (error) {
    // Two deliveries at one moment: the host refuses the second start of a running instance.
    if ((await findInstance(client, instanceId)) !== undefined) return false;
    throw error;
  }
}
