/** A scripted Azure for the restore runbook, which keeps account of what stands: the VM object and every disk. */
import type { RestoreInput } from "../../src/contracts/restore-run.js";
import type { RestorePlan } from "../../src/domain/restore.js";
import { runIdFrom } from "../../src/domain/names.js";
import { allDisks } from "../../src/domain/vm.js";
import { GROUP, factsOf, windowsVm } from "./capture-world.js";
import type { ScriptedActivity, ScriptedCall } from "./run-orchestration.js";

export const restoreInput: RestoreInput = { runId: "run-1", captureId: "run-1", announce: false };
const disksOf = (restoreId: string) =>
  ["os", "lun0", "lun3", "lun7"].map((name) => `${GROUP}/disks/vmi-restore-${restoreId}-${name}`);
export const NEW_DISKS = disksOf("run-1");
/** Of the restore at the end of a capture in place. */
export const SOURCE_DISKS = disksOf(runIdFrom("run-1.source"));
export const OLD_DISKS = allDisks(windowsVm).map(({ id }) => id);

const point = `${GROUP}/restorePointCollections/vmi-run-1/restorePoints/backup`;
export const planOf = (vmExists = true): RestorePlan => ({
  vm: windowsVm,
  backup: {
    kind: "restore-point",
    ids: [point],
    disks: [{ ...windowsVm.osDisk, lun: -1 }, ...windowsVm.dataDisks].map(({ lun, sizeGb }) => ({
      lun,
      sizeGb,
      id: `${point}/diskRestorePoints/${lun}`,
    })),
    consistency: "ApplicationConsistent",
  },
  replacedDisks: OLD_DISKS,
  vmExists,
  warnings: [],
});

const ok = (value: unknown) => ({ status: "done", value });

/** One VM with its disks. Nothing is lost as long as the VM stands, or disks that it can be made of do. */
export class Standing {
  vm = true;
  vmProtected = false;
  vmOn: readonly string[] = OLD_DISKS;
  readonly disks = new Set(OLD_DISKS);
  readonly losses: string[] = [];

  world(): Record<string, ScriptedActivity> {
    const done = (name: string, effect: (input: never) => void): Record<string, ScriptedActivity> => ({
      [`${name}Start`]: (input: never) => {
        effect(input);
        this.#check(name);
        return ok({});
      },
      [`${name}Ask`]: () => ok({ state: "succeeded", value: null }),
    });
    return {
      recallCapture: () => ok(planOf()),
      recallModel: () => ok({ lost: [], goesWith: [] }),
      askBackup: () => ok(planOf().backup.disks.map((disk) => ({ ...disk, state: "Succeeded" }))),
      inspectVm: () =>
        this.vm
          ? ok(factsOf(windowsVm))
          : { status: "refused", code: "VM_NOT_FOUND", message: "404", remedy: "" },
      holdVm: ({ runId }: { runId: string }) => ok({ heldBy: runId }),
      releaseVm: () => null,
      releaseEnded: () => false,
      ...done("restoreDisk", ({ diskId }: { diskId: string }) => this.disks.add(diskId)),
      ...done("protectVm", () => (this.vmProtected = true)),
      ...done("removeSourceVm", () => {
        if (!this.vmProtected) for (const disk of this.vmOn) this.disks.delete(disk);
        this.vm = false;
      }),
      ...done("restoreVm", ({ disks }: { disks: readonly { id: string }[] }) => {
        this.vm = true;
        this.vmOn = disks.map(({ id }) => id);
      }),
      ...done("startVm", () => undefined),
      askVm: () => ok({ power: "running", agentReady: true, markedGeneralized: false }),
      ...done("removeResource", ({ resourceId }: { resourceId: string }) => {
        if (this.vm && this.vmOn.includes(resourceId)) this.losses.push(`${resourceId} of the standing VM`);
        this.disks.delete(resourceId);
      }),
    };
  }

  #check(after: string): void {
    const whole = (disks: readonly string[]) => disks.every((disk) => this.disks.has(disk));
    if (this.vm ? !whole(this.vmOn) : ![NEW_DISKS, SOURCE_DISKS].some(whole))
      this.losses.push(`after ${after}`);
    if (!whole(OLD_DISKS)) this.losses.push(`an old disk went after ${after}`);
  }
}

export type Change = Record<string, (good: ScriptedActivity, input: never, call: ScriptedCall) => unknown>;

/** The world with some acts changed; each change may still do the act. */
export function changed(standing: Standing, change: Change): Record<string, ScriptedActivity> {
  const world = standing.world();
  return {
    ...world,
    ...Object.fromEntries(
      Object.entries(change).map(([name, act]): [string, ScriptedActivity] => [
        name,
        (input, call) => act(world[name] ?? (() => null), input, call),
      ]),
    ),
  };
}
