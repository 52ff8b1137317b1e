/** beginGetAccess and endGetAccess: a signed URL to the bytes of a disk, snapshot or disk restore point. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { parseId } from "./arm-ids.js";
import { invalidParameter } from "./errors.js";
import { diskErrors } from "./storage-errors.js";
import type { Completion } from "./operations.js";
import type { Access, Disk, DiskRestorePoint, Snapshot } from "./resources.js";
import { accessRequest, parse } from "./schemas.js";
import { begin } from "./verbs.js";
import { type Call, find, must, type Outcome, save, type World } from "./world.js";

export type Readable = Disk | Snapshot | DiskRestorePoint;

const TYPES = [
  "Microsoft.Compute/disks",
  "Microsoft.Compute/snapshots",
  "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints",
] as const;

const readable = (call: Call): Readable => {
  for (const type of TYPES) if (parseId(call.id).type === type) return must(call.world, type, call.id);
  throw invalidParameter(`'${call.id}' has no bytes to read.`);
};

export function beginGetAccess(call: Call): Outcome {
  const { world } = call;
  const request = parse(accessRequest, call.body);
  const resource = readable(call);
  if (request.access === "Write")
    throw invalidParameter(
      "Writing to a disk through a shared access signature is not simulated; import a blob instead.",
      "access",
    );
  checkReadable(world, resource);
  const expiresMs = world.clock.now() + request.durationInSeconds * 1000;
  const known = resource.inner.access;
  const access: Access = {
    token: known?.token ?? randomBytes(6).toString("hex"),
    identifier: known?.identifier ?? randomUUID(),
    account: known?.account ?? `md-${randomBytes(6).toString("hex")}`,
    access: request.access,
    expiresMs,
  };
  resource.inner.access = access;
  save(world, resource);
  return accepted(call, resource, "access/begin");
}

export function endGetAccess(call: Call): Outcome {
  const resource = readable(call);
  // Revoked from the request on: a reader must not win a race against the end of the operation.
  delete resource.inner.access;
  save(call.world, resource);
  return accepted(call, resource, "access/end");
}

const accepted = (call: Call, resource: Readable, kind: string): Outcome => ({
  kind: "accepted",
  operation: begin(call, "disks/access", resource, { kind, location: locationOf(call.world, resource) }),
});

/** A disk restore point says nothing of a place; it lies where its collection does. */
const locationOf = (world: World, { body }: Readable): string =>
  body.location ??
  find(world, "Microsoft.Compute/restorePointCollections", body.id.split("/").slice(0, 9).join("/"))?.body
    .location ??
  "";

function checkReadable(world: World, resource: Readable): void {
  if (resource.type !== "Microsoft.Compute/disks" || resource.inner.vmId === undefined) return;
  const vm = find(world, "Microsoft.Compute/virtualMachines", resource.inner.vmId);
  if (vm !== undefined && vm.inner.power !== "deallocated")
    throw diskErrors.inUse(resource.body.name, vm.body.id);
}

export const accessCompletions = (world: World): Record<string, Completion> => ({
  "access/begin": {
    complete: ({ target }) => {
      const resource = TYPES.map((type) => find(world, type, target)).find((known) => known !== undefined);
      const access = resource?.inner.access;
      return access === undefined ? {} : { accessSAS: sasUrl(world, access) };
    },
  },
  "access/end": { complete: () => undefined },
});

/** Has the form of a managed disk's URL: host, a random folder, the blob `abcd`, a stored policy and a signature. */
const sasUrl = (world: World, { account, token, identifier }: Access): string =>
  `${world.endpoint()}/${account}/${token}/abcd?sv=2018-03-28&sr=b&si=${identifier}&sig=${encodeURIComponent(signature(world, token, identifier))}`;

function signature(world: World, token: string, identifier: string): string {
  const key = world.tables.settings.get("sas-key") as string;
  return createHmac("sha256", key).update(`${token}\n${identifier}`).digest("base64");
}

/** Finds what a signed URL opens, or says why it does not: the two faults that storage tells apart. */
export function openSas(
  world: World,
  token: string,
  query: URLSearchParams,
): Readable | "forged" | "revoked" {
  const identifier = query.get("si") ?? "";
  const given = Buffer.from(query.get("sig") ?? "");
  const wanted = Buffer.from(signature(world, token, identifier));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return "forged";
  for (const resource of world.tables.resources.values()) {
    if (!TYPES.some((type) => type === resource.type)) continue;
    const { access } = (resource as Readable).inner;
    if (access?.token === token && access.expiresMs > world.clock.now()) return resource as Readable;
  }
  return "revoked";
}
