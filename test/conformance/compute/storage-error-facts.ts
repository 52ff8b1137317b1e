/** The errors of disks, images and galleries, of throttling, and those that only a scenario makes; see error-facts.ts. */
import { vhdErrors } from "../../../src/local/compute/model/storage-errors.js";
import {
  type ErrorFact,
  linux,
  ask,
  outcome,
  generalized,
  imageOf,
  copyOf,
  empty,
  versionPath,
  versionOf,
  muteVm,
  exhaust,
  row,
  notAllowed,
} from "./error-asking.js";
import { WEST } from "./support.js";

const definition = (hyperVGeneration: string) => ({
  location: WEST,
  properties: {
    ...{ osType: "Linux", osState: "Generalized", hyperVGeneration },
    identifier: { publisher: "p", offer: "o", sku: hyperVGeneration },
  },
});

export const STORAGE_ERROR_FACTS: readonly ErrorFact[] = [
  row(
    400,
    "BadRequest",
    "The resource with id '{}' has a different OS state ['{}'] than the parent gallery image OS state ['{}'].",
    (bench) => ask(bench, "PUT", versionPath(bench, "1.0.0"), versionOf(linux(bench))),
  ),
  row(
    400,
    "BadRequest",
    "The resource with id '{}' has a different Hypervisor generation ['{}'] than the parent gallery image Hypervisor generation ['{}']",
    async (bench) => {
      await generalized(bench);
      await ask(bench, "PUT", bench.id("galleries/gallery1/images", "old", "rg-images"), definition("V1"));
      return ask(bench, "PUT", versionPath(bench, "1.0.0", "old"), versionOf(linux(bench)));
    },
  ),
  row(
    400,
    "InvalidParameter",
    "Gallery image version publishing profile regions {} must contain the location of image version {}",
    (bench) => ask(bench, "PUT", versionPath(bench, "1.0.0"), versionOf(linux(bench), "northeurope")),
  ),
  row(
    404,
    "NotFound",
    "Source {} is not found. Please check source exists, and is in the same region as gallery image version being created.",
    (bench) => ask(bench, "PUT", versionPath(bench, "1.0.0"), versionOf(`${linux(bench)}x`)),
  ),
  row(
    404,
    "ParentResourceNotFound",
    "Can not perform requested operation on nested resource. Parent resource '{}' not found.",
    (bench) => ask(bench, "PUT", bench.id("galleries/nobody/images", "i", "rg-images"), definition("V2")),
  ),
  row(
    400,
    "InvalidParameter",
    "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) format, for e.g: 1.0.0, 2018.12.1 etc.",
    (bench) => ask(bench, "PUT", versionPath(bench, "v1"), versionOf(linux(bench))),
  ),
  row(
    "operation",
    "ValidationError",
    "Gallery replication jobs failed in one or more regions. The failing regions' details are as follows: '{region:northeurope, detail:Failed with internal server error.}'. If retry does not work, then please do an update by removing the failed regions and update again by adding them back.",
    { never: "no region fails by itself" },
  ),
  row(
    400,
    "BadRequest",
    "Managed Images are not supported for virtual machines with security type TrustedLaunch.",
    (bench) => ask(bench, "PUT", bench.id("images", "i"), imageOf(bench.id("virtualMachines", "trusted1"))),
  ),
  row("operation", "InvalidParameter", "Disks or snapshot cannot be resized down.", async (bench) => {
    await ask(bench, "PUT", bench.id("disks", "d"), empty);
    return outcome(bench, [
      ...["PUT", bench.id("disks", "small")],
      copyOf(bench.id("disks", "d"), { diskSizeGB: 4 }),
    ] as [string, string, unknown]);
  }),
  notAllowed("CopyStart creation is not supported for this subscription.", {
    never: "every subscription has it by now",
  }),
  row(
    429,
    "OperationNotAllowed",
    "The server rejected the request because too many requests have been received for this subscription.",
    (bench) => exhaust(bench, "PATCH", linux(bench), { tags: { a: "b" } }),
  ),
  row(
    429,
    "SubscriptionRequestsThrottled",
    "Number of requests for subscription '{}' and operation '{}' exceeded the backend storage limit. Please try again after '{}' seconds.",
    (bench) => exhaust(bench, "GET", bench.id("galleries", "gallery1", "rg-images")),
  ),
  row(
    429,
    "ResourceRequestsThrottled",
    "Number of requests for action '{}' exceeded the limit of '{}' for time interval '{}'. Please try again after '{}' seconds.",
    { never: "the hourly limits of single actions are not published" },
  ),
  row(
    401,
    "ExpiredAuthenticationToken",
    "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
    { never: "over plain http there is no token to look at" },
  ),
  row(
    409,
    "AllocationFailed",
    "Allocation failed. Please try reducing the VM size or number of VMs, retry later, or try deploying to a different Availability Set or different Azure location.",
    { never: "there is always room" },
  ),
  row(
    "operation",
    "OSProvisioningTimedOut",
    "OS Provisioning for VM '{}' did not finish in the allotted time. The VM may still finish provisioning successfully. Please check provisioning state later.",
    muteVm,
  ),
  row(
    "operation",
    "InvalidVhd",
    "The specified cookie value in VHD footer indicates that disk '{}' with blob {} is not a supported VHD. Disk is expected to have cookie value 'conectix'.",
    // The whole way, with a blob behind it, is blob-import.test.ts's.
    () => Promise.resolve({ status: "operation", ...vhdErrors.cookie("abcd", "http://account/c/b.vhd") }),
  ),
];
