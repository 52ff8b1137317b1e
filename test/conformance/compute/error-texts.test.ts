/** Error codes, statuses and texts against the catalogue of the real service's, where it is at hand. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ArmError, arm } from "../../../src/local/compute/model/errors.js";
import { diskErrors, galleryErrors, imageErrors } from "../../../src/local/compute/model/storage-errors.js";
import { vmErrors } from "../../../src/local/compute/model/vm-errors.js";

const REFERENCE = path.resolve("../shared/reference/arm");

/** Every error that both the catalogue and the simulator know, with the catalogue's own placeholders as arguments. */
const ERRORS: readonly (readonly [string, ArmError | { code: string; message: string }])[] = [
  ["ResourceGroupNotFound", arm.groupNotFound("{rg}")],
  ["ScopeLocked", arm.scopeLocked("{resourceId}", "delete", ["{lockedScope}"])],
  ["is attached to VM", diskErrors.attached("{disk}", "{vmResourceId}")],
  ["active shared access signature", diskErrors.activeSas("{disk}")],
  ["requires the Virtual Machine", vmErrors.notGeneralizedForImage("{vm}")],
  ["Capture operation cannot be completed", vmErrors.notGeneralizedForCapture()],
  ["only supported on a Virtual Machine with blob", vmErrors.captureNeedsBlobDisks()],
  ["since the VM is running", vmErrors.running("generalize", "{vm}")],
  ["since the VM is generalized", vmErrors.generalized("start", "{vm}")],
  ["either deallocated or marked", vmErrors.deallocated("powerOff", "{vm}")],
  ["marked for deletion", vmErrors.deleting("{op}", "{vm}")],
  ["changing power state", vmErrors.powerChanging("{vm}", "{state}", "{op}")],
  ["since another operation is in progress", vmErrors.busy("{op}", "{vm}")],
  ["conflict with a concurrent request", arm.concurrentRequest()],
  ["preempted by a more recent", arm.preempted()],
  ["Run command extension execution", vmErrors.runCommandBusy()],
  ["Cannot modify extensions", vmErrors.notRunning()],
  ["Changing property", arm.immutable("{path}")],
  ["different OS state", galleryErrors.differs("{id}", "OS state", "Specialized", "Generalized")],
  ["must contain the location", galleryErrors.regions(["{regions}"], "{region}")],
  ["Please check source exists", galleryErrors.sourceNotFound("{id}")],
  ["Can not perform requested operation on nested", galleryErrors.parentNotFound("{parent}")],
  ["image version name is invalid", galleryErrors.versionName()],
  ["Gallery replication jobs failed", galleryErrors.replication("northeurope")],
  ["Managed Images are not supported", imageErrors.trustedLaunch()],
  ["Disks or snapshot cannot be resized down", diskErrors.shrunk()],
];

describe("every error text", () => {
  it("is the service's own, word for word, with its code and status", () => {
    for (const [part, error] of ERRORS) {
      const { code, message } = error instanceof ArmError ? error.body : error;
      expect(`${code}: ${message}`).toContain(part);
      if (error instanceof ArmError) expect([400, 404, 409]).toContain(error.status);
    }
    if (!existsSync(REFERENCE)) return;
    const { entries } = JSON.parse(readFileSync(path.join(REFERENCE, "error-catalogue.json"), "utf8")) as {
      entries: { status: number | string; code: string; message: string }[];
    };
    for (const [part, error] of ERRORS) {
      const body = error instanceof ArmError ? error.body : error;
      const entry = entries.find(({ message, code }) => message.includes(part) || code === part);
      expect(entry, part).toBeDefined();
      expect({ code: body.code, message: body.message }, part).toEqual({
        code: entry?.code,
        message: entry?.message,
      });
      if (error instanceof ArmError) expect(error.status, part).toBe(entry?.status);
    }
  });
});
