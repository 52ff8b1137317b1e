/** Backs up every disk of the source VM, and proves it, before anything irreversible. */
import {
  askBackup,
  createRestorePoint,
  createSnapshot,
  inspectDisk,
  inspectVm,
  protectVm,
  proveBackup,
} from "../contracts/capture-activities.js";
import type { Backup, HeldDisk } from "../domain/backup.js";
import { partsOf, whereKept } from "../domain/backup.js";
import { pairs } from "../domain/pairs.js";
import { parentId } from "../domain/resource-id.js";
import { allDisks } from "../domain/vm.js";
import type { Reached } from "./adopt.js";
import { make, makeAll } from "./adopt.js";
import { call, callEach, valueOf } from "./call.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Durable } from "./durable.js";
import { operate } from "./operate.js";
import { dropUndo, note } from "./run.js";

export function* backUp(scope: CaptureScope): Durable<Reached<Backup>> {
  const { run, request, captureId, vm } = scope;
  if (scope.imageMadeFrom !== undefined) return { value: scope.imageMadeFrom, adopted: true };
  const { value: backup, adopted } =
    request.backup.kind === "restore-point" ? yield* restorePoint(scope) : yield* snapshots(scope);
  const held = yield* withSizes(
    scope,
    (yield* callEach(run, askBackup, partsOf(backup))).map(valueOf).flat(),
  );
  // A restore point tells which disks it found; snapshots were made of those that the VM had when it was looked at.
  const now = backup.kind === "snapshots" ? yield* call(run, inspectVm, { vmId: vm.id }) : undefined;
  const attached = now === undefined ? {} : { attached: now.disks };
  const proved = yield* call(run, proveBackup, { runId: captureId, backup, held, vm, ...attached });
  const keeps = request.backup.keepDays > 0;
  const kept = keeps ? `kept until ${scope.backupExpires}: ${whereKept(backup)}` : "removed with the run";
  note(run, "backup", { detail: `${proved.summary}; ${kept}` });
  // The backup is the way back now: it outlives the run, however that ends.
  if (keeps) dropUndo(run, ({ resources }) => resources.some((id) => backup.ids.includes(id)));
  // In place, a restore may have to replace the VM object: no disk or interface may be deleted with it.
  if (request.mode === "in-place") yield* operate(run, protectVm, { vmId: vm.id }, { limitMinutes: 30 });
  return { value: backup, adopted };
}

/** The restore point of a VM that is off may leave sizes out; then the disks themselves are asked. */
function* withSizes({ run, vm }: CaptureScope, held: readonly HeldDisk[]): Durable<readonly HeldDisk[]> {
  const untold = allDisks(vm).filter(({ lun }) =>
    held.some((one) => one.lun === lun && one.sizeGb === undefined),
  );
  const asked = untold.map(({ id: diskId, lun }) => ({ diskId, lun }));
  const sizes = pairs(untold, (yield* callEach(run, inspectDisk, asked)).map(valueOf));
  return held.map((one) => {
    const [, facts] = sizes.find(([{ lun }]) => lun === one.lun) ?? [];
    return facts === undefined ? one : { ...one, sizeGb: facts.sizeGb };
  });
}

function* restorePoint(scope: CaptureScope): Durable<Reached<Backup>> {
  const { run, names, vm, request } = scope;
  const pointId = names.restorePointId;
  run.undo.push({ when: "exit", resources: [parentId(pointId)] });
  run.undo.push({ when: "exit", resources: [pointId] });
  return yield* make(
    scope,
    createRestorePoint,
    {
      id: pointId,
      input: {
        pointId,
        vm: { id: vm.id, location: vm.location },
        crashConsistent: vm.powerState === "running" && !vm.agentReady,
        tags: scope.backupTags,
      },
    },
    { limitMinutes: request.limits.backupMinutes, stage: "backup" },
  );
}

function* snapshots(scope: CaptureScope): Durable<Reached<Backup>> {
  const { run, captureId, names, vm, request } = scope;
  const disks = allDisks(vm);
  const ids = disks.map((disk) => names.snapshotId(disk.lun));
  run.undo.push({ when: "exit", resources: ids });
  const { value: made, adopted } = yield* makeAll(
    scope,
    createSnapshot,
    disks.map((disk) => ({
      id: names.snapshotId(disk.lun),
      input: {
        captureId,
        snapshotId: names.snapshotId(disk.lun),
        diskId: disk.id,
        lun: disk.lun,
        tags: scope.backupTags,
      },
    })),
    { limitMinutes: request.limits.backupMinutes, stage: "backup" },
  );
  const value = { kind: "snapshots" as const, ids, disks: made, consistency: "crash-consistent per disk" };
  return { value, adopted };
}
