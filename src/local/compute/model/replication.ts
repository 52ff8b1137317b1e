/** How a gallery version spreads over its regions, as a plan made at the request and read off the clock. */
import { GIB } from "../content/contents.js";
import { furtherRegionMs, replicationMs } from "./durations.js";
import { regionKey } from "./regions.js";
import type { Replica, Version } from "./resources.js";
import type { Call } from "./world.js";

/** The home region first; the others are copied from it, side by side. Regions that are there already stay. */
export function replicate(call: Call, version: Version): void {
  const { world, twist } = call;
  const now = world.clock.now();
  const { targetRegions = [], replicationMode = "Full" } = version.body.properties.publishingProfile ?? {};
  const home = regionKey(version.body.location ?? "");
  const sizeGb = [version.inner.os, ...version.inner.data].reduce(
    (sum, disk) => sum + (disk?.holding.sizeBytes ?? 0) / GIB,
    0,
  );
  const slow = twist?.slow ?? 1;
  const known = version.inner.replicas.filter(({ failed }) => failed === undefined);
  const homeEndMs =
    known.find(({ region }) => region === home)?.endMs ?? now + replicationMs(sizeGb, replicationMode) * slow;
  version.inner.replicas = targetRegions.map(({ name }): Replica => {
    const region = regionKey(name);
    const present = known.find((replica) => replica.region === region);
    if (present !== undefined) return present;
    const startMs = region === home ? now : Math.max(now, homeEndMs);
    const endMs = region === home ? homeEndMs : startMs + furtherRegionMs(sizeGb, replicationMode) * slow;
    return { region, startMs, endMs: twist?.hang === true ? null : endMs };
  });
}

const replicaView = ({ region, startMs, endMs, failed }: Replica, nowMs: number) => {
  if (failed !== undefined) return { region, state: "Failed", progress: 0, details: failed };
  if (endMs === null) return { region, state: "InProgress", progress: 50 };
  const progress = Math.floor(
    100 * Math.min(1, Math.max(0, (nowMs - startMs) / Math.max(1, endMs - startMs))),
  );
  return { region, state: progress === 100 ? "Completed" : "InProgress", progress };
};

export function replicationStatus(version: Version, nowMs: number): unknown {
  const summary = version.inner.replicas.map((replica) => replicaView(replica, nowMs));
  const states = new Set(summary.map(({ state }) => state));
  const aggregatedState = states.has("Failed")
    ? "Failed"
    : states.has("InProgress")
      ? "InProgress"
      : "Completed";
  return { aggregatedState, summary };
}
