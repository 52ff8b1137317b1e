/** The errors of disks, images, galleries and VHDs, in the service's own words. */
import { ArmError, badRequest, type ErrorBody, invalidParameter, notAllowed } from "./errors.js";

export const diskErrors = {
  attached: (disk: string, vmId: string) => notAllowed(`Disk ${disk} is attached to VM ${vmId}.`),
  owned: (disk: string, vmId: string) =>
    new ArmError(409, {
      code: "ConflictingUserInput",
      message: `Disk '${disk}' cannot be attached as the disk is already owned by VM '${vmId}'.`,
    }),
  activeSas: (disk: string) =>
    notAllowed(
      `There is an active shared access signature outstanding for disk ${disk}. Call EndGetAccess before attaching or deleting the disk. Learn more here: aka.ms/revokeaccessapi.`,
    ),
  /** Source: the public tracker of Azure's own Terraform module, terraform-azurerm-avm-res-compute-virtualmachine#236. */
  zonal: (sku: string) => notAllowed(`A disk with sku '${sku}' cannot be created in an availability zone.`),
  inUse: (disk: string, vmId: string) =>
    notAllowed(`Cannot grant access to disk ${disk} while it is attached to running VM ${vmId}.`),
  shrunk: (): ErrorBody => ({
    code: "InvalidParameter",
    message: "Disks or snapshot cannot be resized down.",
  }),
  sizeOutOfRange: (sizeGb: number, maxGb: number) =>
    invalidParameter(
      `The value '${sizeGb}' of parameter 'disk.diskSizeGB' is out of range. The value must be between '1' and '${maxGb}', inclusive.`,
      "disk.diskSizeGB",
    ),
  copying: (name: string) =>
    notAllowed(`Snapshot ${name} is still being copied; wait until its completionPercent is 100.`),
};

export const imageErrors = {
  trustedLaunch: () =>
    badRequest("Managed Images are not supported for virtual machines with security type TrustedLaunch."),
  needsSource: () =>
    invalidParameter(
      "Either sourceVirtualMachine or storageProfile.osDisk must name a source.",
      "storageProfile",
    ),
};

export const galleryErrors = {
  hasChildren: (children: readonly string[]) =>
    new ArmError(409, {
      code: "CannotDeleteResource",
      message: `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${children.join(",")}'. Please delete all nested resources before deleting this resource.`,
    }),
  parentNotFound: (parent: string) =>
    new ArmError(404, {
      code: "ParentResourceNotFound",
      message: `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`,
    }),
  /** The one about the generation is quoted without a full stop. */
  differs: (id: string, what: string, own: string, parents: string) =>
    badRequest(
      `The resource with id '${id}' has a different ${what} ['${own}'] than the parent gallery image ${what} ['${parents}']${what === "Hypervisor generation" ? "" : "."}`,
    ),
  regions: (regions: readonly string[], home: string) =>
    invalidParameter(
      `Gallery image version publishing profile regions ${regions.join(", ")} must contain the location of image version ${home}`,
    ),
  sourceNotFound: (id: string) =>
    new ArmError(404, {
      code: "NotFound",
      message: `Source ${id} is not found. Please check source exists, and is in the same region as gallery image version being created.`,
    }),
  versionName: () =>
    invalidParameter(
      "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) format, for e.g: 1.0.0, 2018.12.1 etc.",
    ),
  replication: (region: string): ErrorBody => ({
    code: "ValidationError",
    message: `Gallery replication jobs failed in one or more regions. The failing regions' details are as follows: '{region:${region}, detail:Failed with internal server error.}'. If retry does not work, then please do an update by removing the failed regions and update again by adding them back.`,
  }),
  keyNotNamed: (encryptionSetId: string): ErrorBody => ({
    code: "InternalOperationError",
    message: `Replication failed in this region due to 'Contract.Assert failed: Data model DiskEncryptionSetId '' does not match DiskRP returned DiskEncryptionSetId '${encryptionSetId}''.`,
  }),
  protected: (id: string, until: string) =>
    new ArmError(409, {
      code: "OperationNotAllowed",
      message: `Gallery image version ${id} cannot be deleted before its end of life date ${until}.`,
    }),
};

/** What Azure answers when a blob is no VHD it takes; the oldest wording that is still quoted for each fault. */
export const vhdErrors = {
  notPageBlob: (): ErrorBody => ({
    code: "BlobDownloadFailed",
    message: "Invalid blob type for source blob uri.",
  }),
  cookie: (disk: string, uri: string): ErrorBody => ({
    code: "InvalidVhd",
    message: `The specified cookie value in VHD footer indicates that disk '${disk}' with blob ${uri} is not a supported VHD. Disk is expected to have cookie value 'conectix'.`,
  }),
  size: (uri: string, bytes: number): ErrorBody => ({
    code: "InvalidVhd",
    message: `The VHD ${uri} has an unsupported virtual size of ${bytes} bytes. The size must be a whole number (in MBs).`,
  }),
  dynamic: (uri: string): ErrorBody => ({
    code: "InvalidVhd",
    message: `The VHD ${uri} is of Dynamic VHD type. Please retry with fixed VHD type.`,
  }),
  notVhd: (): ErrorBody => ({ code: "BadRequest", message: "Only blobs formatted as VHDs can be imported." }),
  unreadable: (uri: string): ErrorBody => ({
    code: "StorageAccountNotAccessible",
    message: `The blob ${uri} could not be read through the given storage account. Please check that the account exists, that it holds the blob, and that both are in the region of the request.`,
  }),
};
