/**
 * What a capture must be allowed to do, and where: compared in the preflight with what Azure says the pipeline
 * may do there. Source of the comparison: Microsoft, "Understand Azure role definitions" (actions less notActions, each
 * with wildcards, and one role that allows is enough). docs/permissions.md says the same stage by stage.
 */
import type { CaptureSpec } from "./capture-plan.js";
import { groupIdOf, inSubscription, parentId, resourceName, subscriptionIdOf } from "./resource-id.js";

/** A role's entry, as Azure lists it for the caller. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface NeededRights {
  /** What for; the check is called `may-{what}`. */
  readonly what: string;
  /** Where roles are read: the narrowest existing resource, so that a role on it alone counts. */
  readonly scope: string;
  readonly actions: readonly string[];
}

/** The same for one VM, with where its temporary resources are created. */
export interface VmCaptureSpec extends CaptureSpec {
  readonly sourceVmId: string;
  readonly workGroupId: string;
  readonly subnetIds: readonly string[];
  /** Disk encryption sets of the source's disks and of the image to be. */
  readonly encryptionSetIds?: readonly string[];
}

const compute = (type: string, ...verbs: string[]) =>
  verbs.map((verb) => `Microsoft.Compute/${type}/${verb}`);
const all = ["read", "write", "delete"];
const SEAL = [
  ...compute("virtualMachines/runCommands", ...all),
  ...compute("virtualMachines", "deallocate/action", "generalize/action"),
];

export function neededRights(spec: VmCaptureSpec): readonly NeededRights[] {
  const needs: readonly NeededRights[] = [
    { what: "use-the-source", scope: spec.sourceVmId, actions: onSource(spec) },
    { what: "make-scaffolding", scope: spec.workGroupId, actions: inWorkGroup(spec) },
    { what: "make-the-image", ...atTarget(spec) },
    ...(boots(spec) ? inSubscription(subscriptionIdOf(spec.sourceVmId), spec.subnetIds) : []).map(
      (scope) => ({
        what: "join-the-subnet",
        scope,
        actions: ["Microsoft.Network/virtualNetworks/subnets/join/action"],
      }),
    ),
    // Azure requires this of the creator of a resource that uses a set ("LinkedAuthorizationFailed").
    ...(spec.encryptionSetIds ?? []).map((scope) => ({
      what: `use-the-keys-of-${resourceName(scope)}`,
      scope,
      actions: compute("diskEncryptionSets", "read"),
    })),
  ];
  return needs;
}

/** Whether a working VM is made. */
export const copies = ({ mode, image }: CaptureSpec): boolean =>
  mode === "clone" && image.state === "generalized";

/** How many VMs are created in the isolated subnet: the working VM still exists, stopped, while the image is booted. */
export const vmsMade = (spec: CaptureSpec): number => Number(copies(spec)) + Number(spec.testBoot);

export const boots = (spec: CaptureSpec): boolean => vmsMade(spec) > 0;

function onSource({ mode, sourceAfter }: VmCaptureSpec): string[] {
  const reads = compute("virtualMachines", "read");
  if (mode === "clone") return reads;
  // Protected from going with its VM object, then sealed.
  const sealed = [...reads, ...compute("virtualMachines", "write"), ...SEAL];
  if (sourceAfter === "leave") return sealed;
  return [...sealed, ...compute("virtualMachines", "delete", "start/action")];
}

function inWorkGroup(spec: VmCaptureSpec): string[] {
  const backup =
    spec.backup.kind === "restore-point"
      ? [
          ...compute("restorePointCollections", ...all),
          ...compute("restorePointCollections/restorePoints", ...all),
          ...compute("restorePointCollections/restorePoints/diskRestorePoints", "read"),
        ]
      : compute("snapshots", ...all);
  const disks = spec.mode === "in-place" && !spec.testBoot ? [] : compute("disks", ...all);
  const ownVm = boots(spec)
    ? [
        ...compute("virtualMachines", ...all),
        ...(copies(spec) ? SEAL : compute("virtualMachines/runCommands", ...all)),
        ...["read", "write", "delete", "join/action"].map(
          (verb) => `Microsoft.Network/networkInterfaces/${verb}`,
        ),
      ]
    : [];
  return [...backup, ...disks, ...ownVm];
}

function atTarget({ target }: VmCaptureSpec): Omit<NeededRights, "what"> {
  if (target.kind === "managed-image")
    return { scope: groupIdOf(target.imageId), actions: compute("images", ...all) };
  return {
    scope: parentId(target.definitionId),
    actions: [
      ...compute("galleries/images", "read", ...(target.create === undefined ? [] : ["write"])),
      ...compute("galleries/images/versions", ...all),
    ],
  };
}

/** The actions that none of the caller's roles allows. */
export const missingRights = (granted: readonly Permission[], actions: readonly string[]): string[] =>
  actions.filter(
    (action) =>
      !granted.some(
        ({ actions: allowed, notActions }) => matches(allowed, action) && !matches(notActions, action),
      ),
  );

const matches = (patterns: readonly string[], action: string): boolean =>
  patterns.some((pattern) => {
    const source = pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
    return new RegExp(`^${source}$`, "i").test(action);
  });
