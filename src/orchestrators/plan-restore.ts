/** What a restore goes by: what the capture kept, what of its backup is still there, and what VM stands now. */
import { askBackup, inspectVm, recallCapture, recallModel } from "../contracts/capture-activities.js";
import type { HeldDisk } from "../domain/backup.js";
import { partsOf } from "../domain/backup.js";
import { backupProblems } from "../domain/proof.js";
import type { KeptCapture, RestorePlan } from "../domain/restore.js";
import { mayReplace } from "../domain/restore.js";
import { allDisks } from "../domain/vm.js";
import { call, callEach, valueOf } from "./call.js";
import type { Durable } from "./durable.js";
import { ifVmStands } from "./look.js";
import type { Run, RunEnd } from "./run.js";
import { isEnd, refusal } from "./run.js";

export function* planRestore(run: Run, captureId: string): Durable<RestorePlan> {
  const kept = yield* call(run, recallCapture, { captureId });
  const model = yield* call(run, recallModel, { captureId });
  if (kept === null || model === null) throw nothingToRestore(`Capture ${captureId} has no proved backup.`);
  const { vm } = kept;
  const problems = backupProblems(vm, yield* disksInBackup(run, captureId, kept));
  if (problems.length > 0)
    throw refusal({
      code: "BACKUP_UNSOUND",
      message: `The backup is no longer complete: ${problems.join("; ")}.`,
      remedy: "Nothing was changed. Restore manually from the disks that the backup still has.",
    });
  const plan = { ...kept, warnings: model.lost };
  const standing = yield* ifVmStands(call(run, inspectVm, { vmId: vm.id }));
  if (standing === undefined)
    return { ...plan, replacedDisks: allDisks(vm).map(({ id }) => id), vmExists: false };
  if (!mayReplace(vm, standing))
    throw refusal({
      code: "VM_REPLACED",
      message: `The VM ${vm.name} is not the one that was captured: it was created again since.`,
      remedy: "Delete it if the captured VM should replace it.",
    });
  return { ...plan, replacedDisks: standing.disks.flatMap(({ id }) => id ?? []), vmExists: true };
}

function* disksInBackup(run: Run, captureId: string, { backup }: KeptCapture): Durable<readonly HeldDisk[]> {
  try {
    return (yield* callEach(run, askBackup, partsOf(backup))).map(valueOf).flat();
  } catch (error) {
    if (!isEnd(error, "BACKUP_UNSOUND")) throw error;
    throw nothingToRestore(`The backup of capture ${captureId} no longer exists: ${error.message}`);
  }
}

const nothingToRestore = (message: string): RunEnd =>
  refusal({
    code: "NOTHING_TO_RESTORE",
    message,
    remedy: "Specify a capture whose backup is still kept; its status shows until when.",
  });
