/** Deletes what a run makes, whichever kind it is. */
import { done } from "../../domain/outcome.js";
import { RUN_TAG } from "../../domain/names.js";
import { isResourceOfType } from "../../domain/resource-id.js";
import type { Resources } from "../../ports/resources.js";
import type { Arm } from "./client.js";
import { NETWORK_API, idOf, locate } from "./client.js";
import { ifFound, outcomeOf, removed, submit } from "./submit.js";

type Located = ReturnType<typeof locate>;

interface Found {
  readonly id?: string;
  /** A restore point has none: its collection carries them. */
  readonly tags?: Readonly<Record<string, string>>;
}

interface Kind {
  readonly remove: (at: Located) => ReturnType<Parameters<typeof submit>[0]>;
  readonly get: (at: Located) => Promise<Found>;
}

const second = ({ names }: Located) => names[1] ?? "";
const third = ({ names }: Located) => names[2] ?? "";

/** By resource type in lower case; only kinds that a run makes, so that nothing else can be deleted by mistake. */
const KINDS: Readonly<Record<string, Kind>> = {
  virtualmachines: {
    remove: ({ client, group, names }) =>
      client.virtualMachines.delete(group, names[0], { forceDeletion: true }),
    get: ({ client, group, names }) => client.virtualMachines.get(group, names[0]),
  },
  disks: {
    remove: ({ client, group, names }) => client.disks.delete(group, names[0]),
    get: ({ client, group, names }) => client.disks.get(group, names[0]),
  },
  snapshots: {
    remove: ({ client, group, names }) => client.snapshots.delete(group, names[0]),
    get: ({ client, group, names }) => client.snapshots.get(group, names[0]),
  },
  images: {
    remove: ({ client, group, names }) => client.images.delete(group, names[0]),
    get: ({ client, group, names }) => client.images.get(group, names[0]),
  },
  restorepointcollections: {
    remove: ({ client, group, names }) => client.restorePointCollections.delete(group, names[0]),
    get: ({ client, group, names }) => client.restorePointCollections.get(group, names[0]),
  },
  "restorepointcollections/restorepoints": {
    remove: (at) => at.client.restorePoints.delete(at.group, at.names[0], second(at)),
    get: (at) => at.client.restorePoints.get(at.group, at.names[0], second(at)),
  },
  "galleries/images/versions": {
    remove: (at) => at.client.galleryImageVersions.delete(at.group, at.names[0], second(at), third(at)),
    get: (at) => at.client.galleryImageVersions.get(at.group, at.names[0], second(at), third(at)),
  },
  "virtualmachines/runcommands": {
    remove: (at) => at.client.virtualMachineRunCommands.delete(at.group, at.names[0], second(at)),
    get: (at) => at.client.virtualMachineRunCommands.getByVirtualMachine(at.group, at.names[0], second(at)),
  },
};

/** Only those of a source VM that is deleted as its request asks. Microsoft.Network's, so by a plain DELETE. */
const isInterface = (id: string) => isResourceOfType(id, "Microsoft.Network", "networkInterfaces");

export function armResources(cloud: Arm): Resources {
  const kindOf = (resourceId: string): Kind => {
    const kind = KINDS[idOf(resourceId).type.toLowerCase()];
    if (kind === undefined) throw new TypeError(`A run never makes, and so never deletes, ${resourceId}.`);
    return kind;
  };
  /** Undefined where it is gone, and where another run than `owner` made it: then it is not ours to remove. */
  const find = async (resourceId: string, owner: string | undefined): Promise<unknown> => {
    if (isInterface(resourceId)) return cloud.read(resourceId, NETWORK_API);
    const found = await ifFound(() => kindOf(resourceId).get(locate(cloud, resourceId)));
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
        const { remove } = kindOf(resourceId);
        const outcome = await submit(() => remove(locate(cloud, resourceId)), "SOURCE_GONE");
        return outcome.status === "refused" && outcome.code === "SOURCE_GONE" ? done({}) : outcome;
      },
      ask: ({ input }) => removed(() => find(input.resourceId, input.owner)),
    },
  };
}
