/** `/_local/…`: the simulator's own front door, for tests, demos and a look at what happened. No part of Azure. */
import { z } from "zod";
import { type Guest, merge } from "../guests/guest.js";
import { keyOf } from "../model/arm-ids.js";
import { guestOf } from "../model/instance-view.js";
import { keepGuest } from "../model/guest-acts.js";
import type { Vm } from "../model/resources.js";
import { all, type World } from "../model/world.js";
import { type Seed, seedSchema } from "../seed.js";
import type { RateLimits } from "./rate-limits.js";
import type { Reply } from "./replies.js";
import { type KeptRule, scenarioRule } from "./scenarios.js";

export interface Control {
  readonly world: World;
  readonly limits: RateLimits;
  /** Applies this seed, or the one that the simulator was started with. */
  readonly reseed: (seed?: Seed) => void;
}

export const isControlPath = (path: string): boolean => path.startsWith("/_local/");

const ok = (body: unknown): Reply => ({ status: 200, headers: {}, body });
const bad = (status: number, message: string): Reply => ({
  status,
  headers: {},
  body: { error: { code: "LocalControl", message } },
});

const rulesBody = z.union([z.strictObject({ rules: z.array(scenarioRule) }), scenarioRule]);

export function control(
  { world, limits, reseed }: Control,
  method: string,
  path: string,
  body: unknown,
): Reply {
  const [, , what = "", ...rest] = path.split("/").map(decodeURIComponent);
  switch (`${method} ${what}`) {
    case "GET health":
      return ok({
        status: "ok",
        clock: new Date(world.clock.now()).toISOString(),
        resources: world.tables.resources.size,
      });
    case "GET writes":
      return ok({ writes: [...world.tables.writes.values()] });
    case "GET scenarios":
      return ok({ rules: [...world.tables.rules.values()] });
    case "POST scenarios":
      return addRules(world, body);
    case "DELETE scenarios":
      world.tables.rules.clear();
      return ok({ rules: [] });
    case "GET guests":
    case "POST guests":
      return guests(world, method, rest, body);
    case "POST reset":
      return reset({ world, limits, reseed }, body);
    default:
      return bad(
        404,
        `There is no ${method} ${path}. Known: GET health, writes, scenarios, guests/{vm}; POST scenarios, guests/{vm}, reset; DELETE scenarios.`,
      );
  }
}

function addRules(world: World, body: unknown): Reply {
  const parsed = rulesBody.safeParse(body);
  if (!parsed.success)
    return bad(400, `A scenario is {match, act} or {rules: [...]}: ${z.prettifyError(parsed.error)}`);
  const rules = "rules" in parsed.data ? parsed.data.rules : [parsed.data];
  const { rules: table } = world.tables;
  for (const rule of rules) {
    const next = Math.max(0, ...[...table.entries()].map(([key]) => Number(key))) + 1;
    table.set(String(next), { ...rule, matched: 0 } satisfies KeptRule);
  }
  return ok({ rules: [...table.values()] });
}

/** A VM by its name, `{group}/{name}`, or its whole id. */
function guests(world: World, method: string, path: readonly string[], body: unknown): Reply {
  const asked = keyOf(path.join("/"));
  const vm = [...all(world, "Microsoft.Compute/virtualMachines")].find(
    ({ body: { id, name } }) =>
      asked === keyOf(name) ||
      keyOf(id).endsWith(`/${asked.replace(/^\//, "")}`) ||
      keyOf(id).replace("/providers/microsoft.compute/virtualmachines/", "/").endsWith(`/${asked}`),
  );
  const guest = vm === undefined ? undefined : guestOf(world, vm);
  if (vm === undefined || guest === undefined)
    return bad(404, `There is no VM '${path.join("/")}' with a guest.`);
  if (method === "GET") return ok(guest);
  const changed: Guest = merge(guest, body);
  replaceGuest(world, vm, changed);
  return ok(changed);
}

function replaceGuest(world: World, vm: Vm, guest: Guest): void {
  const id = vm.body.properties.storageProfile?.osDisk?.managedDisk?.id ?? "";
  const disk = world.tables.resources.get(keyOf(id));
  if (disk?.type === "Microsoft.Compute/disks") disk.inner.holding.guest = guest;
  keepGuest(world, vm);
}

/** Back to the seed (or to another one), as if nothing had ever happened. */
function reset({ world, limits, reseed }: Control, body: unknown): Reply {
  const given = body === undefined || body === null ? undefined : seedSchema.safeParse(body);
  if (given?.success === false) return bad(400, `This is no seed: ${z.prettifyError(given.error)}`);
  world.operations.clear();
  for (const table of [world.tables.resources, world.tables.locks, world.tables.writes, world.tables.rules])
    table.clear();
  limits.clear();
  reseed(given?.data);
  return ok({ resources: world.tables.resources.size });
}
