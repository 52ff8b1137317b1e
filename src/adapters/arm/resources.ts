/** Deletes what a run makes, whichever kind it is. */
import { done } from "../../domain/outcome.js";
import { RUN_TAG } from "../../domain/names.js";
import { isResourceOfType } from "../../domain/resource-id.js";
import type { Resources } from "../../ports/resources.js";
import type { Arm, Located } from "./client.js";
import { NETWORK_API, idOf, locate } from "./client.js";
import { ifFound, outcomeOf, removed, submit } from "./submit.js";

interface Found {
  readonly id?: string;
  /** A restore point has none: its collection carries them. */
  readonly tags?: Readonly<Record<string, string>>;
}

interface Acts {
  readonly remove: () => ReturnType<Parameters<typeof submit>[0]>;
  readonly get: () => Promise<Found>;
}

type Kind = (cloud: Arm, id: string) => Acts;

const kind = <Type extends string>(
  type: Type,
  acts: (at: Located<Type>) => Acts,
): readonly [string, Kind] => [type.toLowerCase(), (cloud, id) => acts(locate(cloud, id, type))];

/** Only kinds that a run makes, so that nothing else can be deleted by mistake. */
const KINDS = new Map([
  kind("virtualMachines", ({ client, group, names }) => ({
    remove: () => client.virtualMachines.delete(group, ...names, { forceDeletion: true }),
    get: () => client.virtualMachines.get(group, ...names),
  })),
  kind("disks", ({ client, group, names }) => ({
    remove: () => client.disks.delete(group, ...names),
    get: () => client.disks.get(group, ...names),
  })),
  kind("snapshots", ({ client, group, names }) => ({
    remove: () => client.snapshots.delete(group, ...names),
    get: () => client.snapshots.get(group, ...names),
  })),
  kind("images", ({ client, group, names }) => ({
    remove: () => client.images.delete(group, ...names),
    get: () => client.images.get(group, ...names),
  })),
  kind("restorePointCollections", ({ client, group, names }) => ({
    remove: () => client.restorePointCollections.delete(group, ...names),
    get: () => client.restorePointCollections.get(group, ...names),
  })),
  kind("restorePointCollections/restorePoints", ({ client, group, names }) => ({
    remove: () => client.restorePoints.delete(group, ...names),
    get: () => client.restorePoints.get(group, ...names),
  })),
  kind("galleries/images/versions", ({ client, group, names }) => ({
    remove: () => client.galleryImageVersions.delete(group, ...names),
    get: () => client.galleryImageVersions.get(group, ...names),
  })),
  kind("virtualMachines/runCommands", ({ client, group, names }) => ({
    remove: () => client.virtualMachineRunCommands.delete(group, ...names),
    get: () => client.virtualMachineRunCommands.getByVirtualMachine(group, ...names),
  })),
]);

/** Only those of a source VM that is deleted as its request asks. Microsoft.Network's, so by a plain DELETE. */
const isInterface = (id: string) => isResourceOfType(id, "Microsoft.Network", "networkInterfaces");

export function armResources(cloud: Arm): Resources {
  const actsOn = (resourceId: string): Acts => {
    const kindOf = KINDS.get(idOf(resourceId).type.toLowerCase());
    if (kindOf === undefined) throw new TypeError(`A run never makes, and so never deletes, ${resourceId}.`);
    return kindOf(cloud, resourceId);
  };
  /** Undefined where it is gone, and where another run than `owner` made it: then it is not ours to remove. */
  const find = async (resourceId: string, owner: string | undefined): Promise<unknown> => {
    if (isInterface(resourceId)) return cloud.read(resourceId, NETWORK_API);
    const found = await ifFound(actsOn(resourceId).get);
    return owner === undefined || found?.tags?.[RUN_TAG] === owner ? found : undefined;
  };
  return {
    removal: {
      async start({ resourceId, owner }) {
        if (isInterface(resourceId)) {
          const begun = await outcomeOf(() => cloud.remove(resourceId, NETWORK_API));
          return begun.status === "done" ? done({}) : begun;
        }
        if (owner !== undefined) {
          const found = await outcomeOf(() => find(resourceId, owner));
          if (found.status !== "done") return found;
          if (found.value === undefined) return done({});
        }
        const outcome = await submit(actsOn(resourceId).remove, "SOURCE_GONE");
        return outcome.status === "refused" && outcome.code === "SOURCE_GONE" ? done({}) : outcome;
      },
      ask: ({ input }) => removed(() => find(input.resourceId, input.owner)),
    },
  };
}
