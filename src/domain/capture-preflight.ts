/** What of the source VM itself speaks for or against a capture: Azure's side, from its model alone. */
import type { Check } from "./preflight.js";
import type { VmSummary } from "./vm.js";

export interface CaptureWish {
  readonly mode: "clone" | "in-place";
  readonly image: { readonly kind: "vm-image" | "os-image"; readonly state: "generalized" | "specialized" };
  readonly target: { readonly kind: "gallery" | "managed-image" };
  readonly backup: { readonly kind: "restore-point" | "snapshots" };
  /** An earlier run may have sealed and stopped the source. */
  readonly resumed?: boolean;
}

type Verdict = Omit<Check, "id">;
type Rule = readonly [id: string, judge: (vm: VmSummary, wish: CaptureWish) => Verdict];

const pass = (detail: string): Verdict => ({ verdict: "pass", detail });
const warn = (detail: string, remedy: string): Verdict => ({ verdict: "warn", detail, remedy });
const block = (detail: string, remedy: string): Verdict => ({ verdict: "block", detail, remedy });

/** Image limits of Azure Compute Gallery: a data disk of a version holds at most 1 TiB (image-version.md). */
const GALLERY_DATA_DISK_GB = 1024;

const RULES: readonly Rule[] = [
  [
    "not-generalized-yet",
    (vm, { mode }) =>
      !vm.markedGeneralized
        ? pass("The VM is not marked generalized.")
        : mode === "clone"
          ? warn(
              "The VM is marked generalized and can never start again.",
              "Capture it in place without sealing, or restore it first.",
            )
          : pass("The VM is marked generalized already."),
  ],
  [
    "os-disk-is-managed-and-durable",
    (vm) =>
      vm.ephemeralOsDisk
        ? block(
            "The OS disk is ephemeral: it cannot be snapshotted.",
            "Move the VM to a managed OS disk first.",
          )
        : pass("The OS disk is a managed disk."),
  ],
  [
    "no-guest-encryption",
    (vm) =>
      vm.guestEncrypted
        ? block(
            "Azure Disk Encryption is on: an image of it could not be read by any other VM.",
            "Disable encryption and wait until the disks are decrypted.",
          )
        : pass("No Azure Disk Encryption."),
  ],
  [
    "no-shared-disks",
    (vm) =>
      vm.sharedDisks.length > 0
        ? block(
            `Shared disks cannot be part of an image: ${vm.sharedDisks.join(", ")}.`,
            "Detach them, or ask for an OS image of a VM without them.",
          )
        : pass("No shared disks."),
  ],
  [
    "no-ultra-disks",
    (vm) =>
      vm.ultraDisks.length > 0
        ? block(
            `Ultra and Premium v2 disks cannot go into a gallery image: ${vm.ultraDisks.join(", ")}.`,
            "Detach them, or convert them to Premium SSD.",
          )
        : pass("No Ultra or Premium v2 disks."),
  ],
  [
    "security-type-fits-target",
    (vm, { target }) =>
      vm.securityType !== "Standard" && target.kind === "managed-image"
        ? block(
            `A managed image cannot be made of a ${vm.securityType} VM.`,
            "Name a gallery image definition as the target.",
          )
        : vm.securityType === "ConfidentialVM"
          ? block(
              "A confidential VM's disks are sealed to it and cannot be copied.",
              "Build the image from a non-confidential VM.",
            )
          : pass(`Security type ${vm.securityType}.`),
  ],
  [
    "architecture-fits-target",
    (vm, { target }) =>
      vm.architecture === "Arm64" && target.kind === "managed-image"
        ? block(
            "A managed image cannot be made of an Arm64 VM.",
            "Name a gallery image definition as the target.",
          )
        : pass(`Architecture ${vm.architecture}.`),
  ],
  [
    "data-disks-fit",
    (vm, { image, target }) => {
      const large = vm.dataDisks.filter((disk) => disk.sizeGb > GALLERY_DATA_DISK_GB);
      return image.kind === "vm-image" && target.kind === "gallery" && large.length > 0
        ? block(
            `A gallery image holds data disks of at most ${GALLERY_DATA_DISK_GB} GiB: ${large.map((disk) => disk.name).join(", ")}.`,
            'Ask for an "os-image", or detach these disks.',
          )
        : pass(`${vm.dataDisks.length} data disks.`);
    },
  ],
  [
    "guest-runs",
    (vm, { mode, image, resumed }) =>
      mode === "in-place" &&
      resumed !== true &&
      image.state === "generalized" &&
      !vm.markedGeneralized &&
      vm.powerState !== "running"
        ? block(
            `The VM is ${vm.powerState}; a guest must run to be generalized.`,
            "Start the VM, or capture it by clone.",
          )
        : pass(`The VM is ${vm.powerState}.`),
  ],
  [
    "agent-answers",
    (vm, { image }) => {
      if (image.state === "specialized" || vm.markedGeneralized) return pass("No guest is asked.");
      if (vm.agentReady) return pass("The VM agent is ready.");
      // A copy has the agent that its original has.
      return vm.powerState === "running"
        ? block(
            "The VM runs and its agent does not report as ready; a copy's would not either.",
            "Install or repair the VM agent (Linux: walinuxagent), and see that it can reach 168.63.129.16.",
          )
        : {
            verdict: "unknown",
            detail: `The VM is ${vm.powerState}: whether its agent works is seen on the copy.`,
          };
    },
  ],
];

export const checkVm = (vm: VmSummary, wish: CaptureWish): Check[] =>
  RULES.map(([id, judge]) => ({ id, ...judge(vm, wish) }));
