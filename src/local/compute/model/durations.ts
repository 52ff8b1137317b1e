/**
 * How long each operation takes, in seconds of clock time, without jitter. The figures are medians of public
 * recordings of the real service (Azure CLI and .NET test recordings of 2017-2024); those marked "assumed" were
 * in no recording and follow Microsoft's prose.
 */
export const DURATION_SECONDS = {
  "virtualMachines/create": 76,
  "virtualMachines/update": 9,
  "virtualMachines/patch": 0.5,
  "virtualMachines/start": 22,
  "virtualMachines/powerOff": 9,
  "virtualMachines/restart": 14,
  "virtualMachines/redeploy": 124,
  "virtualMachines/reapply": 5.4,
  "virtualMachines/deallocate": 41,
  "virtualMachines/capture": 0.25,
  "virtualMachines/delete": 41,
  "virtualMachines/runCommand": 20,
  "runCommands/write": 20,
  "runCommands/delete": 10,
  "extensions/create": 106,
  "extensions/update": 25,
  "extensions/delete": 16,
  "disks/write": 0.2,
  "disks/delete": 0.2,
  "disks/access": 0.2,
  "snapshots/write": 0.8,
  "snapshots/delete": 0.3,
  "restorePoints/write": 30,
  "restorePoints/delete": 5,
  "restorePointCollections/delete": 0.1,
  "images/create": 5.3,
  "images/update": 5,
  "images/delete": 5,
  "galleries/write": 0.2,
  "galleries/delete": 0.1,
  "galleries/share": 45,
  "definitions/write": 0.1,
  "definitions/delete": 0.2,
  "versions/create": 474,
  "versions/update": 195,
  "versions/delete": 91,
  /** Network: recorded polls are ten seconds apart, so all that is known is an upper bound. */
  "networkInterfaces/write": 1,
  "networkInterfaces/delete": 1,
  "virtualNetworks/write": 4,
  "virtualNetworks/delete": 10,
  /** Resource groups: .NET recordings poll every 15 s; a group that holds a VM takes about its deletion. */
  "resourceGroups/delete": 45,
} as const;

export type DurationName = keyof typeof DURATION_SECONDS;

export const durationMs = (name: DurationName): number => DURATION_SECONDS[name] * 1000;

/** After a child's deletion its gallery parent still counts it for 10-20 s (azure-rest-api-specs#11559). */
export const CHILD_LINGER_MS = 15_000;

/** Run Command: at least about 20 s, at most 90 minutes (Microsoft's "Run scripts in your VM"). */
export const RUN_COMMAND_LIMIT_MS = 90 * 60_000;

/** How long ARM waits for a guest agent that does not report before it gives an extension up (assumed). */
export const AGENT_PATIENCE_MS = 15 * 60_000;

/** How long ARM waits for a new VM's guest to say that it is set up (Microsoft's prose: 20 minutes, Windows up to 40). */
export const OS_PROVISIONING_LIMIT_MS = 40 * 60_000;

/** From the start of a VM to a Ready agent, when the operation itself does not wait for it (assumed). */
export const AGENT_BOOT_MS = 30_000;

/** A cross-region copy moves about 100 MiB/s after a minute of preparation (assumed). */
export const crossRegionCopyMs = (sizeGb: number): number => 60_000 + sizeGb * 10_000;

/** Replication grows with the disks: the recorded 474 s belong to 30 GiB images; 1 TiB takes more than an hour. */
export const replicationMs = (sizeGb: number, mode: string): number =>
  mode === "Shallow" ? 60_000 : durationMs("versions/create") * (0.75 + sizeGb / 120);

/** Further regions are copied in parallel once the home region has the version (assumed half as long). */
export const furtherRegionMs = (sizeGb: number, mode: string): number => replicationMs(sizeGb, mode) / 2;

/** Reading a VHD out of a storage account inside Azure (assumed: 1 s and 200 MiB/s of written bytes). */
export const importMs = (writtenBytes: number): number => 1000 + writtenBytes / 200_000;

/** A moment that does not come; unlike Infinity it survives JSON. */
export const NEVER_MS = Number.MAX_SAFE_INTEGER;
