/**
 * Where runs have made things, so that the janitor looks there too: whatever subscription or gallery a request names.
 * Kept beside the runs, for it outlives their histories; a place is noted before anything is made there.
 */
import type { CaptureRequest } from "../contracts/capture-request.js";
import { subscriptionIdOf } from "../domain/resource-id.js";
import type { RunStore } from "../ports/run-store.js";

/** No run has such an id: names.ts makes them of letters, digits and hyphens. */
const PLACES = "_places";

export async function notePlaces(runs: RunStore, request: CaptureRequest): Promise<void> {
  const places = placesOf(request);
  await Promise.all(places.map((id) => runs.put(PLACES, encodeURIComponent(id), new Uint8Array())));
}

/** Subscriptions and image definitions, by their ids. */
export const notedPlaces = async (runs: RunStore): Promise<readonly string[]> =>
  (await runs.list(PLACES)).map(decodeURIComponent);

function placesOf({ sourceVmId, target, dryRun }: CaptureRequest): readonly string[] {
  if (dryRun) return [];
  const subscription = (id: string) => `/subscriptions/${subscriptionIdOf(id).toLowerCase()}`;
  const at = target.kind === "gallery" ? target.definitionId.toLowerCase() : subscription(target.imageId);
  return [...new Set([subscription(sourceVmId), at])];
}
