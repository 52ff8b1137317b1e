/** How long a seal may take before it counts as hung, and why: it depends on the VM, never one number for all. */
export interface SealSubject {
  readonly osType: "Windows" | "Linux";
  readonly vCpus: number;
  readonly diskGiB: number;
  /** Windows: updates that are staged; Sysprep cleans up after them. */
  readonly updatesPending: boolean;
}

export interface SealLimit {
  readonly minutes: number;
  readonly reasons: readonly string[];
}

export function sealLimit(vm: SealSubject): SealLimit {
  const windows = vm.osType === "Windows";
  const terms: (readonly [minutes: number, reason: string])[] = [
    windows ? [40, "Sysprep and its providers"] : [15, "agent, cloud-init and cleanup"],
  ];
  // Sysprep on one core, or on less than the 8 GB that go with two, is what the reports of endless waits have in common.
  if (vm.vCpus < 2) terms.push([windows ? 30 : 5, "one vCPU"]);
  if (windows && vm.updatesPending) terms.push([30, "updates are staged"]);
  // Linux trims the disk's free space at the end; Windows walks its component store.
  const perGiB = windows ? 512 : 256;
  const diskMinutes = Math.min(30, Math.floor(Math.max(0, vm.diskGiB) / perGiB) * 5);
  if (diskMinutes > 0) terms.push([diskMinutes, `${vm.diskGiB} GiB of disk`]);

  return {
    minutes: terms.reduce((sum, [part]) => sum + part, 0),
    reasons: terms.map(([part, reason]) => `${part} min: ${reason}`),
  };
}
