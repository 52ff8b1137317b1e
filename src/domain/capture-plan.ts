/** What a capture would do, without doing it. */
import { abbreviateIds } from "./abbreviate.js";
import type { CaptureNames } from "./names.js";
import { parentId } from "./resource-id.js";
import type { Target } from "./target.js";
import type { VmSummary } from "./vm.js";
import { allDisks } from "./vm.js";

/** What a request asks for, as far as plan and preflight go by it. */
export interface CaptureSpec {
  readonly mode: "clone" | "in-place";
  readonly image: { readonly kind: "vm-image" | "os-image"; readonly state: "generalized" | "specialized" };
  readonly backup: { readonly kind: "restore-point" | "snapshots"; readonly keepDays: number };
  readonly target: Target;
  readonly sourceAfter: "leave" | "restore" | "delete";
  readonly testBoot: boolean;
}

export interface CapturePlan {
  readonly source: {
    readonly id: string;
    readonly size: string;
    readonly disks: number;
    readonly gigabytes: number;
  };
  readonly backup: readonly string[];
  readonly temporary: readonly string[];
  readonly image: string;
  readonly sourceAfter: string;
}

const SHOWN_CHARS = 2500;

export function capturePlan(
  spec: CaptureSpec,
  vm: VmSummary,
  names: CaptureNames,
  version = "",
): CapturePlan {
  const luns = [-1, ...vm.dataDisks.map(({ lun }) => lun)];
  const { target } = spec;
  const generalized = spec.image.state === "generalized";
  const copies = spec.mode === "clone" ? luns.map(names.diskId) : [];
  return {
    source: {
      id: vm.id,
      size: vm.size,
      disks: luns.length,
      gigabytes: allDisks(vm).reduce((sum, { sizeGb }) => sum + sizeGb, 0),
    },
    backup: abbreviateIds(
      spec.backup.kind === "restore-point"
        ? [parentId(names.restorePointId), names.restorePointId]
        : luns.map(names.snapshotId),
      SHOWN_CHARS,
    ),
    temporary: abbreviateIds(
      [
        ...copies,
        ...(generalized && spec.mode === "clone" ? [names.workingVmId] : []),
        ...(spec.testBoot ? [names.testVmId] : []),
      ],
      SHOWN_CHARS,
    ),
    image: target.kind === "gallery" ? `${target.definitionId}/versions/${version}` : target.imageId,
    sourceAfter: spec.mode === "clone" ? "only read and backed up" : spec.sourceAfter,
  };
}
