/** A scripted Azure that remembers, over several runs of one capture: what stands, what was made how often, how far the seal came. */
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import type { ImageName } from "../../src/domain/image-order.js";
import { GROUP, captureWorld, inputOf, windowsVm } from "./capture-world.js";
import type { ScriptedActivity, ScriptedCall } from "./run-orchestration.js";

export const IMAGE = `${GROUP}/galleries/g/images/web/versions/1.0.0`;
export const POINT = `${GROUP}/restorePointCollections/vmi-run-1/restorePoints/backup`;
export const BACKUP = [POINT.split("/").slice(0, -2).join("/"), POINT];
export const WORK_VM = `${GROUP}/virtualMachines/vmi-run-1-work`;
export const WORK_DISKS = ["lun0", "lun3", "lun7", "os"].map((name) => `${GROUP}/disks/vmi-run-1-${name}`);

export const firstInput = (request: Record<string, unknown> = {}) =>
  inputOf({ onFailure: "keep-for-resume", ...request });
export const resumedInput = (request: Record<string, unknown> = {}, nth = 2): CaptureInput => ({
  ...firstInput(request),
  runId: `run-1.${nth}`,
  resumes: "run-1",
  formerRuns: ["run-1", ...Array.from({ length: nth - 2 }, (_, index) => `run-1.${index + 2}`)],
});

const ok = (value: unknown) => ({ status: "done", value });
const notThere = { status: "refused", code: "TARGET_NOT_FOUND", message: "404", remedy: "" };

type Making = (input: never) => readonly string[];
const MAKES: Record<string, Making> = {
  createRestorePoint: () => BACKUP,
  createDisk: ({ diskId }: { diskId: string }) => [diskId],
  createWorkingVm: ({ vmId }: { vmId: string }) => [vmId],
  createGalleryVersion: ({ target }: ImageName) => (target.kind === "gallery" ? [IMAGE] : []),
};

export class RememberingCloud {
  readonly standing = new Set<string>();
  readonly broken = new Set<string>();
  /** Every creation sent, in order. */
  readonly creations: string[] = [];
  readonly sealed = new Set<string>();
  readonly begun = new Set<string>();
  power: "running" | "stopped" | "deallocated" = "running";
  generalized = false;
  proved = false;
  sourceStands = true;
  readonly sourceWrites: string[] = [];

  world(): Record<string, ScriptedActivity> {
    const good = captureWorld();
    const makers = Object.entries(MAKES).flatMap(([name, makes]): [string, ScriptedActivity][] => [
      [
        `${name}Start`,
        (input) => {
          const ids = makes(input);
          this.creations.push(...ids);
          for (const id of ids) this.standing.add(id);
          if (ids.includes(WORK_VM)) this.#newGuest();
          return ok({});
        },
      ],
      [
        `${name}Ask`,
        (asked: { input: never }, call: ScriptedCall) => {
          const id = makes(asked.input).at(-1) ?? "";
          if (!this.standing.has(id)) return notThere;
          if (this.broken.has(id)) return ok({ state: "failed", code: "InternalError", message: "gave up" });
          return good[`${name}Ask`]?.(asked as never, call);
        },
      ],
    ]);
    return {
      ...good,
      ...Object.fromEntries(makers),
      checkTarget: () =>
        ok({
          version: "1.0.0",
          createDefinition: false,
          checks: [],
          ...(this.standing.has(IMAGE) ? { earlierImage: this.broken.has(IMAGE) ? "broken" : "sound" } : {}),
        }),
      askVm: ({ vmId }: { vmId: string }) =>
        (vmId === windowsVm.id ? this.sourceStands : this.standing.has(vmId))
          ? ok({
              power: this.power,
              agentReady: this.power === "running",
              markedGeneralized: this.generalized,
              broken: false,
            })
          : { ...notThere, code: "VM_NOT_FOUND" },
      startSeal: ({ vmId }: { vmId: string }) => {
        this.#touch("startSeal", vmId);
        return ok(null);
      },
      askSeal: ({ runId }: { runId: string }) => {
        this.sealed.add(runId);
        this.power = "stopped";
        return ok({ state: "sealed", removedUsers: [] });
      },
      askFormerSeal: ({ runId }: { runId: string }) =>
        ok({
          begun: this.begun.has(runId),
          sealed: this.power !== "running" && this.sealed.has(runId),
        }),
      noteSealBegun: ({ runId }: { runId: string }) => (this.begun.add(runId), ok(null)),
      proveBackup: () => ((this.proved = true), ok({ summary: "all there" })),
      recallCapture: () => ok(this.proved ? { vm: windowsVm } : null),
      deallocateVmStart: ({ vmId }: { vmId: string }) => {
        this.#touch("deallocate", vmId);
        this.power = "deallocated";
        return ok({});
      },
      markGeneralized: ({ vmId }: { vmId: string }) => {
        this.#touch("markGeneralized", vmId);
        this.generalized = true;
        return ok(null);
      },
      removeResourceStart: ({ resourceId }: { resourceId: string }) => {
        this.standing.delete(resourceId);
        this.broken.delete(resourceId);
        // As Azure does by the working VM's deleteOption.
        if (resourceId === WORK_VM) for (const disk of WORK_DISKS) this.standing.delete(disk);
        return ok({});
      },
      removeResourceAsk: ({ input: { resourceId } }: { input: { resourceId: string } }) =>
        ok(this.standing.has(resourceId) ? { state: "running" } : { state: "succeeded", value: null }),
      protectVmStart: ({ vmId }: { vmId: string }) => (this.#touch("protect", vmId), ok({})),
      protectVmAsk: () => ok({ state: "succeeded", value: null }),
    };
  }

  #newGuest(): void {
    this.power = "running";
    this.generalized = false;
    this.sealed.clear();
    this.begun.clear();
  }

  #touch(what: string, vmId: string): void {
    if (vmId === windowsVm.id) this.sourceWrites.push(what);
  }
}
