/** The acts of the capture runbook, as the failure matrix and the resumes go through them. */

/** Every act of a capture that succeeds, by clone, in order, with the stage it belongs to. */
export const BY_CLONE: readonly (readonly [act: string, stage: string])[] = [
  ["inspectVm", "preflight"],
  ["inspectDisk", "preflight"],
  ["inspectInterface", "preflight"],
  ["checkTarget", "preflight"],
  ["surveyAzure", "preflight"],
  ["holdVm", "queue"],
  ["createRestorePointStart", "backup"],
  ["createRestorePointAsk", "backup"],
  ["askBackup", "backup"],
  ["proveBackup", "backup"],
  ["createDiskStart", "clone"],
  ["createDiskAsk", "clone"],
  ["createWorkingVmStart", "clone"],
  ["createWorkingVmAsk", "clone"],
  ["askGuestStart", "generalize"],
  ["askGuestAsk", "generalize"],
  ["noteSealBegun", "generalize"],
  ["startSeal", "generalize"],
  ["askSeal", "generalize"],
  ["deallocateVmStart", "deallocate"],
  ["deallocateVmAsk", "deallocate"],
  ["markGeneralized", "capture"],
  ["createGalleryVersionStart", "register"],
  ["createGalleryVersionAsk", "register"],
];
