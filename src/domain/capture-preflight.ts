/** What in the source VM's own Azure model allows or blocks a capture. */
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
              "Azure's last operation on the VM failed; the next one may fail, too.",
              "Find out in Azure what failed, and reapply the VM.",
            )
          : state === "Succeeded"
            ? pass("No operation is in progress on the VM.")
            : warn(
                `An operation is in progress on the VM (${state}).`,
                "Wait for it to end; otherwise the image may capture either state.",
              ),
  ],
  [
    "not-generalized-yet",
    (vm, { mode, image }) =>
      !vm.markedGeneralized
        ? pass("The VM is not marked as generalized.")
        : mode === "in-place"
          ? pass("The VM is already marked as generalized: it is captured as it is.")
          : image.state === "specialized"
            ? warn(
                "The VM is marked as generalized: the identity that a specialized image would keep has been removed.",
                "Request a generalized image in in-place mode.",
              )
            : block(
                "The VM is marked as generalized: a copy of it could not be started.",
                "Capture it in place, where it is not sealed again, or restore it first.",
              ),
  ],
  [
    "os-disk-is-managed-and-durable",
    (vm) =>
      vm.ephemeralOsDisk
        ? block(
            "The OS disk is ephemeral: no snapshot can be taken of it.",
            "Move the VM to a managed OS disk first.",
          )
        : pass("The OS disk is a managed disk."),
  ],
  [
    "no-guest-encryption",
    (vm) =>
      vm.guestEncrypted
        ? block(
            "Azure Disk Encryption is on: no other VM could read an image of it.",
            "Disable encryption and wait until the disks are decrypted.",
          )
        : pass("Azure Disk Encryption is off."),
  ],
  [
    "no-shared-disks",
    (vm) =>
      vm.sharedDisks.length > 0
        ? block(
            `Shared disks cannot be part of an image: ${vm.sharedDisks.join(", ")}.`,
            "Detach them, or capture a VM without them.",
          )
        : pass("There are no shared disks."),
  ],
  [
    "no-ultra-disks",
    (vm) =>
      vm.ultraDisks.length > 0
        ? block(
            `Ultra and Premium SSD v2 disks cannot be part of a gallery image: ${vm.ultraDisks.join(", ")}.`,
            "Detach them, or convert them to Premium SSD.",
          )
        : pass("There are no Ultra or Premium SSD v2 disks."),
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
              `A managed image cannot be made from a ${vm.securityType} VM.`,
              "Use a gallery image definition as the target.",
            )
          : pass(`Security type ${vm.securityType}.`),
  ],
  [
    "architecture-fits-target",
    (vm, { target }) =>
      vm.architecture === "Arm64" && target.kind === "managed-image"
        ? block(
            "A managed image cannot be made from an Arm64 VM.",
            "Use a gallery image definition as the target.",
          )
        : pass(`Architecture ${vm.architecture}.`),
  ],
  [
    "plan-survives",
    ({ plan }, { target }) =>
      plan !== undefined && target.kind === "managed-image"
        ? warn(
            `A managed image does not keep the purchase plan ${plan.publisher}/${plan.product}/${plan.name}.`,
            "Specify the plan whenever a VM is made from it, or use a gallery image definition as the target.",
          )
        : pass(plan === undefined ? "There is no purchase plan." : "The image keeps the purchase plan."),
  ],
  [
    "data-disks-fit",
    (vm, { image, target }) => {
      const large = vm.dataDisks.filter((disk) => disk.sizeGb > GALLERY_DATA_DISK_GB);
      return image.kind === "vm-image" && target.kind === "gallery" && large.length > 0
        ? block(
            `A gallery image can hold data disks of at most ${GALLERY_DATA_DISK_GB} GiB: ${large.map((disk) => disk.name).join(", ")}.`,
            'Request an "os-image", or detach these disks.',
          )
        : pass(`${vm.dataDisks.length} data disks.`);
    },
  ],
  [
    "users-can-be-removed",
    ({ osType }, { guest: { removeUsers } }) =>
      osType === "Windows" && removeUsers.length > 0
        ? block(
            `Sysprep keeps local accounts: the image would still contain ${removeUsers.join(", ")}.`,
            "Remove the accounts from the VM beforehand, or with a guest.script, and delete them from removeUsers.",
          )
        : pass(
            removeUsers.length === 0
              ? "No user is to be removed."
              : "The seal removes the users in removeUsers.",
          ),
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
            `The VM is ${vm.powerState}; it must be running for its guest to be generalized.`,
            "Start the VM, or use clone mode.",
          )
        : pass(`The VM is ${vm.powerState}.`),
  ],
  [
    "agent-answers",
    (vm, { image }) => {
      if (image.state === "specialized" || vm.markedGeneralized) return pass("The guest is not queried.");
      if (vm.agentReady) return pass("The VM agent is ready.");
      // A copy has the same agent as its original.
      return vm.powerState === "running"
        ? block(
            "The VM is running, but its agent does not report as ready; the agent of a copy would not, either.",
            "Install or repair the VM agent (Linux: walinuxagent), and make sure that it can reach 168.63.129.16.",
          )
        : unknown(
            `The VM is ${vm.powerState}: whether its agent works will only show on the copy.`,
            "To find out beforehand, start the VM and run the preflight again.",
          );
    },
  ],
];

export const checkVm = (vm: VmSummary, spec: VmCheckSpec): Check[] =>
  RULES.map(([id, judge]) => ({ id, ...judge(vm, spec) }));
