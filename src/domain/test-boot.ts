/**
 * A test boot: a VM from the new image, created as every user would, inspected and removed again. Only a first boot proves
 * anything, so no other run ever adopts it.
 */
import type { ImageTraits } from "./image.js";
import type { Tags } from "./image-order.js";
import { fingerprint, nameFrom } from "./names.js";
import { computeIds, parseResourceId } from "./resource-id.js";

export interface TestVm {
  readonly vmId: string;
  readonly imageId: string;
  readonly location: string;
  readonly size: string;
  readonly state: "generalized" | "specialized";
  readonly traits: ImageTraits;
  /** The LUNs of the image's data disks. */
  readonly luns: readonly number[];
  readonly subnetId: string;
  readonly tags: Tags;
}

/** The one account that the test VM is given; any other was in the image. */
export const TEST_ADMIN = "vmimagetest";

/** The test VM of a run, in the resource group of what is tested. */
export function testVmId(imageId: string, runId: string): string {
  const image = parseResourceId(imageId);
  if (!image) throw new TypeError(`${imageId} is not a resource id.`);
  return computeIds(image.subscriptionId, image.resourceGroup).vm(`vmi-${nameFrom(runId)}-test`);
}

/** Windows allows 15 characters. */
export const testHostName = (vmId: string): string => `vmi-${fingerprint(vmId)}`;

/** Small, in every region, and able to boot what the image is. */
export const testVmSize = ({ architecture }: ImageTraits): string =>
  architecture === "Arm64" ? "Standard_D2ps_v5" : "Standard_D2s_v5";

/** What Azure reports about a VM that did not start, and what that means for the image. */
const BOOT_CAUSES: readonly { readonly pattern: RegExp; readonly remedy: string }[] = [
  {
    pattern: /OSProvisioningTimedOut/i,
    remedy:
      "The guest did not finish its first boot. Make sure that it is generalized (by the built-in seal or your own script) and that waagent or cloud-init is enabled, and check the boot diagnostics of a VM made from the image.",
  },
  {
    pattern: /OSProvisioning(InternalError|ClientError)/i,
    remedy:
      "Provisioning failed inside the guest: check cloud-init.log, waagent.log or the Panther folder on a VM made from the image.",
  },
  {
    pattern: /QuotaExceeded|SkuNotAvailable|AllocationFailed|OverconstrainedAllocation/i,
    remedy: "The image is not the cause: request quota or access to the VM size, and start the run again.",
  },
  {
    pattern: /TIME_LIMIT|did not end within/i,
    remedy:
      "The VM was created, but its agent never reported: make sure that the image boots and that the agent is installed and enabled in it.",
  },
];

export const bootRemedy = (said: string): string =>
  BOOT_CAUSES.find(({ pattern }) => pattern.test(said))?.remedy ??
  "Fix on the source what Azure's message names, and start the run again.";
