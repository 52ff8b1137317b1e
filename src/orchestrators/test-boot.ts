/**
 * Proves the image before it can be the latest: boots a VM of it, looks into the guest, removes the VM, and only then
 * lets the version be taken by whoever asks for the newest.
 */
import { askGuest } from "../contracts/capture-activities.js";
import { createTestVm, promoteVersion, readConsole, removeResource } from "../contracts/image-activities.js";
import { auditGuest } from "../domain/guest/audit.js";
import type { MadeImage } from "../domain/image-order.js";
import type { Check } from "../domain/preflight.js";
import { blockedBy, blocking } from "../domain/preflight.js";
import type { Target } from "../domain/target.js";
import type { TestVm } from "../domain/test-boot.js";
import { TEST_ADMIN, bootRemedy, testHostName } from "../domain/test-boot.js";
import { call } from "./call.js";
import type { Durable } from "./durable.js";
import { nowMs } from "./durable.js";
import { operate } from "./operate.js";
import type { Run } from "./run.js";
import { RunEnd, isEnd, note, skip, stage } from "./run.js";

export interface TestBoot extends Omit<TestVm, "luns" | "imageId"> {
  readonly runId: string;
  readonly image: MadeImage;
  readonly keepUsers: readonly string[];
  /** The run goes on with an earlier one, which may have left its test VM. */
  readonly again?: boolean;
}

const BOOT_MINUTES = 60;
const AUDIT_MINUTES = 30;

/** No version is the latest until it has been tested. */
export const excludedFromLatest = (target: Target): Target =>
  target.kind === "gallery" ? { ...target, excludeFromLatest: true } : target;

/** The stages test-boot and promote; skipped, with the reason, where they do not apply. */
export function* testAndPromote(
  run: Run,
  target: Target,
  boot: TestBoot | undefined,
): Durable<readonly Check[]> {
  if (boot === undefined) {
    for (const name of ["test-boot", "promote"]) skip(run, name, "not asked for (testBoot)");
    return [];
  }
  const checks = yield* stage(run, "test-boot", () => bootAndAudit(run, boot));
  if (target.kind === "managed-image") skip(run, "promote", "a managed image has no versions");
  else if (target.excludeFromLatest) skip(run, "promote", "the request keeps it from being the latest");
  else
    yield* stage(run, "promote", () =>
      operate(run, promoteVersion, { versionId: boot.image.id }, { limitMinutes: 60, stage: "promote" }),
    );
  return checks;
}

function* bootAndAudit(run: Run, { image, ...boot }: TestBoot): Durable<readonly Check[]> {
  const { vmId, location, keepUsers, state, traits, runId, tags } = boot;
  const luns = image.disks.flatMap(({ lun }) => (lun < 0 ? [] : [lun]));
  run.undo.push({ when: "exit", resources: [vmId] });
  // Only a first boot proves anything: a VM that an earlier run left is removed.
  if (boot.again === true)
    yield* operate(run, removeResource, { resourceId: vmId }, { limitMinutes: BOOT_MINUTES });
  const sinceMs = nowMs(run.context);
  yield* bootTestVm(run, { ...boot, imageId: image.id, luns });
  note(run, "test-boot", { percent: 90, detail: "inspecting the guest" });
  const script = "audit" as const;
  const question = { vmId, location, osType: traits.osType, script, runId, sinceMs, tags };
  const { output } = yield* operate(run, askGuest, question, { limitMinutes: AUDIT_MINUTES });
  const context = { state, luns, keepUsers, admin: TEST_ADMIN, hostName: testHostName(vmId) };
  const checks = auditGuest(traits.osType, output, context);
  const blocks = blocking(checks);
  if (blocks.length > 0) throw new RunEnd("failed", { code: "TEST_BOOT_FAILED", ...blockedBy(blocks) });
  const passed = checks.filter(({ verdict }) => verdict === "pass").length;
  note(run, "test-boot", { detail: `booted; ${passed} of ${checks.length} checks passed` });
  return checks;
}

/** Where the VM does not come up, Azure's reason is translated into what it means for the image. */
function* bootTestVm(run: Run, vm: TestVm): Durable<void> {
  try {
    yield* operate(run, createTestVm, vm, { limitMinutes: BOOT_MINUTES, stage: "test-boot" });
  } catch (error) {
    if (!(error instanceof RunEnd) || error.status !== "failed") throw error;
    const { code, message } = error.end;
    const remedy = bootRemedy(`${code} ${message}`);
    const excerpt = yield* consoleOf(run, vm.vmId);
    const told = excerpt === "" ? {} : { excerpt };
    throw new RunEnd("failed", { code: "TEST_BOOT_FAILED", message, remedy, ...told });
  }
}

/** The VM is removed with the run, and its console with it; "" where it cannot be read, since the cause comes first. */
function* consoleOf(run: Run, vmId: string): Durable<string> {
  try {
    return (yield* call(run, readConsole, { vmId })).excerpt;
  } catch (error) {
    if (isEnd(error, "CANCELLED")) throw error;
    return "";
  }
}
