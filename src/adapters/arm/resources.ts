/** Deletes what a run makes, whichever kind it is. */
import { done, succeeded } from "../../domain/outcome.js";
import { RUN_TAG } from "../../domain/names.js";
import { isResourceOfType } from "../../domain/resource-id.js";
import type { Resources } from "../../ports/resources.js";
import type { Arm } from "./client.js";
import { NETWORK_API, idOf, locate } from "./client.js";
import { outcomeOf, removed, submit } from "./submit.js";

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
  /** Reads it; what is another's is not there for us. */
  const othersGone = (resourceId: string, owner: string | undefined) => async () => {
    const { tags } = await kindOf(resourceId).get(locate(cloud, resourceId));
    if (owner !== undefined && tags?.[RUN_TAG] !== owner)
      throw Object.assign(new Error("It is another's."), { statusCode: 404 });
  };
  return {
    removal: {
      async start({ resourceId, owner }) {
        if (isInterface(resourceId)) {
          const begun = await outcomeOf(() => cloud.remove(resourceId, NETWORK_API));
          return begun.status === "done" ? done({}) : begun;
        }
        if (owner !== undefined) {
          const gone = await removed(othersGone(resourceId, owner));
          if (gone.status !== "done") return gone;
          if (gone.value.state === "succeeded") return done({});
        }
        const { remove } = kindOf(resourceId);
        const outcome = await submit(() => remove(locate(cloud, resourceId)), "SOURCE_GONE");
        return outcome.status === "refused" && outcome.code === "SOURCE_GONE" ? done({}) : outcome;
      },
      async ask({ input }) {
        if (isInterface(input.resourceId)) {
          const found = await outcomeOf(() => cloud.read(input.resourceId, NETWORK_API));
          if (found.status !== "done") return found;
          return done(found.value === undefined ? succeeded(null) : { state: "running" as const });
        }
        return removed(othersGone(input.resourceId, input.owner));
      },
    },
  };
}
