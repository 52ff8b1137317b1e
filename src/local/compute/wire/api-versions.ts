/** What ARM says of an api-version that nobody has published. */
import type { ArmError } from "../model/errors.js";
import { arm } from "../model/errors.js";
import { parseId } from "../model/arm-ids.js";
import type { World } from "../model/world.js";

/** Named in refusals: those of the client that this product uses, and the last of the specifications before them. */
const KNOWN = ["2026-03-01", "2025-03-03", "2025-01-02", "2024-07-01", "2024-03-02", "2023-07-03"];
const FIRST = "2014-04-01";

/**
 * Versions are days. Every day that has come is taken, so that a client of any age works; a version that lies in the
 * future cannot be there, by this machine's calendar (the simulator's clock may stand anywhere).
 */
const isPublished = (day: string): boolean =>
  day >= FIRST && day <= [new Date().toISOString().slice(0, 10), ...KNOWN].reduce((a, b) => (a > b ? a : b));

export function checkApiVersion(world: World, version: string | null, path: string): void {
  if (version === null || version === "") throw arm.missingApiVersion();
  const day = /^(\d{4}-\d{2}-\d{2})(-\w+)?$/.exec(version)?.[1];
  if (day === undefined || Number.isNaN(Date.parse(day))) throw arm.invalidApiVersion(version, KNOWN);
  if (isPublished(day)) return;
  const { type } = parseId(path);
  const [namespace = "", ...types] = type.split("/");
  if (namespace === "") throw arm.invalidApiVersion(version, KNOWN);
  throw unregistered(world, version, types.join("/"));
}

const unregistered = (world: World, version: string, type: string): ArmError => {
  const places = [...world.tables.resources.values()].flatMap(({ body }) => body.location ?? []);
  const locations = [...new Set(places)];
  return arm.noRegisteredProvider(locations[0] ?? "", version, type, KNOWN, locations);
};
