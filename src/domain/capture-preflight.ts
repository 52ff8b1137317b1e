/** What speaks for or against a capture on Azure's side: the source VM's own model. */
import type { CaptureSpec } from "./capture-plan.js";
import type { Check, Finding } from "./preflight.js";
import { block, pass, unknown, warn } from "./preflight.js";
import type { VmSummary } from "./vm.js";

export interface VmCheckSpec extends Pick<CaptureSpec, "mode" | "image" | "target"> {
  readonly guest: { readonly removeUsers: readonly string[] };
  /** An earlier run may have sealed and stopped the source. */
  readonly resumed: boolean;
}

type Rule = readonly [id: string, judge: (vm: VmSummary, spec: VmCheckSpec) => Finding];

/** Image limits of Azure Compute Gallery: a data disk of a version holds at most 1 TiB (image-version.md). */
const GALLERY_DATA_DISK_GB = 1024;

const RULES: readonly Rule[] = [
  [
    "azure-is-done-with-it",
    ({ provisioningState: state }) =>
      state === "Deleting"
        ? block("The VM is being deleted.", "Name another VM.")
        : state === "Failed"
          ? warn(
              "Azure's last operation on the VM failed; it may refuse the next, too.",
              "Look at the VM in Azure for what failed, and reapply it.",
            )
          : state === "Succeeded"
            ? pass("Azure is at rest on it.")
            : warn(
                `Azure is at work on the VM (${state}).`,
                "Wait for it to end, or what is captured may be either state.",
              ),
  ],
  [
    "not-generalized-yet",
    (vm, { mode, image }) =>
      !vm.markedGeneralized
        ? pass("The VM is not marked generalized.")
        : mode === "in-place"
          ? pass("The VM is marked generalized already: it is captured as it is.")
          : image.state === "specialized"
            ? warn(
                "The VM is marked generalized: what identity the image would keep was removed.",
                "Ask for a generalized image, in place.",
              )
            : block(
                "The VM is marked generalized: no copy of it would start and answer.",
                "Capture it in place, where it is not sealed again, or restore it first.",
              ),
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
      vm.securityType === "ConfidentialVM"
        ? block(
            "A confidential VM's disks are sealed to it and cannot be copied.",
            "Build the image from a non-confidential VM.",
          )
        : vm.securityType !== "Standard" && target.kind === "managed-image"
          ? block(
              `A managed image cannot be made of a ${vm.securityType} VM.`,
              "Name a gallery image definition as the target.",
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
    "plan-survives",
    ({ plan }, { target }) =>
      plan !== undefined && target.kind === "managed-image"
        ? warn(
            `A managed image does not keep the purchase plan ${plan.publisher}/${plan.product}/${plan.name}.`,
            "Name the plan whenever a VM is made of it, or name a gallery image definition as the target.",
          )
        : pass(plan === undefined ? "There is no purchase plan." : "The purchase plan goes with the image."),
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
    "users-can-be-removed",
    ({ osType }, { guest: { removeUsers } }) =>
      osType === "Windows" && removeUsers.length > 0
        ? block(
            `Sysprep keeps local accounts: the image would have ${removeUsers.join(", ")}.`,
            "Remove the accounts from the VM first, or by a guest.script, and take them out of removeUsers.",
          )
        : pass(removeUsers.length === 0 ? "No user is named." : "The seal removes the users that are named."),
  ],
  [
    "guest-runs",
    (vm, { mode, image, resumed }) =>
      mode === "in-place" &&
      !resumed &&
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
        : unknown(
            `The VM is ${vm.powerState}: whether its agent works is seen on the copy.`,
            "Start the VM, and look again, to know it before.",
          );
    },
  ],
];

export const checkVm = (vm: VmSummary, spec: VmCheckSpec): Check[] =>
  RULES.map(([id, judge]) => ({ id, ...judge(vm, spec) }));
