/**
 * Every error the simulator answers, in one place. Texts and statuses are those of the real service as recorded
 * or quoted in public issues; a status that no source shows is the one all its recorded siblings have (409).
 */

export interface ErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ErrorDetail[];
  readonly innererror?: { readonly internalErrorCode: string };
}

/** An error with the status ARM gives it. `gateway`: answered by ARM itself, before a resource provider. */
export class ArmError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly extra: { readonly gateway?: boolean; readonly retryAfterSeconds?: number } = {},
  ) {
    super(body.message);
    this.name = "ArmError";
  }
}

const gateway = (status: number, code: string, message: string): ArmError =>
  new ArmError(status, { code, message }, { gateway: true });
const notAllowed = (message: string): ArmError => new ArmError(409, { code: "OperationNotAllowed", message });
const badRequest = (message: string): ArmError => new ArmError(400, { code: "BadRequest", message });

export const invalidParameter = (message: string, target?: string): ArmError =>
  new ArmError(400, { code: "InvalidParameter", message, ...(target === undefined ? {} : { target }) });

export const arm = {
  missingApiVersion: () =>
    gateway(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  subscriptionNotFound: (subscription: string) =>
    gateway(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`),
  groupNotFound: (group: string) =>
    gateway(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`),
  resourceNotFound: (type: string, names: string, group: string) =>
    gateway(
      404,
      "ResourceNotFound",
      `The Resource '${type}/${names}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  invalidContent: (problem: string) =>
    gateway(
      400,
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${problem}'.`,
    ),
  locationRequired: () =>
    gateway(400, "LocationRequired", "The location property is required for this definition."),
  authorizationFailed: (action: string, scope: string) =>
    gateway(
      403,
      "AuthorizationFailed",
      `The client '00000000-0000-0000-0000-0000000000aa' with object id '00000000-0000-0000-0000-0000000000bb' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    ),
  scopeLocked: (scope: string, operation: "delete" | "write", locked: readonly string[]) =>
    gateway(
      409,
      "ScopeLocked",
      `The scope '${scope}' cannot perform ${operation} operation because following scope(s) are locked: '${locked.join(",")}'. Please remove the lock and try again.`,
    ),
  subscriptionThrottled: (subscription: string, operation: string, seconds: number) =>
    new ArmError(
      429,
      {
        code: "SubscriptionRequestsThrottled",
        message: `Number of requests for subscription '${subscription}' and operation '${operation.toUpperCase()}' exceeded the backend storage limit. Please try again after '${seconds}' seconds.`,
      },
      { gateway: true, retryAfterSeconds: seconds },
    ),
  notFound: (name: string) =>
    new ArmError(404, { code: "NotFound", message: `Resource ${name} is not found.` }),
  entityNotFound: () =>
    new ArmError(404, { code: "NotFound", message: "The entity was not found in this Azure location." }),
  concurrentRequest: () =>
    new ArmError(409, {
      code: "Conflict",
      message:
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
    }),
  preempted: (): ErrorBody => ({
    code: "OperationPreempted",
    message: "Operation execution has been preempted by a more recent operation.",
  }),
  invalidReference: (id: string, by: string) =>
    new ArmError(400, {
      code: "InvalidResourceReference",
      message: `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    }),
  immutable: (path: string) =>
    new ArmError(409, {
      code: "PropertyChangeNotAllowed",
      message: `Changing property '${path}' is not allowed.`,
      target: path,
    }),
  computeThrottled: (
    group: string,
    from: string,
    to: string,
    allowed: number,
    measured: number,
    seconds: number,
  ) =>
    new ArmError(
      429,
      {
        code: "OperationNotAllowed",
        message:
          "The server rejected the request because too many requests have been received for this subscription.",
        details: [
          {
            code: "TooManyRequests",
            target: group,
            message: JSON.stringify({
              operationGroup: group,
              startTime: from,
              endTime: to,
              allowedRequestCount: allowed,
              measuredRequestCount: measured,
            }),
          },
        ],
        innererror: { internalErrorCode: "TooManyRequestsReceived" },
      },
      { retryAfterSeconds: seconds },
    ),
};

export const vmErrors = {
  generalized: (operation: string, vm: string) =>
    notAllowed(`Operation '${operation}' is not allowed on VM '${vm}' since the VM is generalized.`),
  running: (operation: string, vm: string) =>
    notAllowed(
      `Operation '${operation}' is not allowed on VM '${vm}' since the VM is running. Please power off explicitly in case you shut down the VM from inside the guest operating system.`,
    ),
  deallocated: (operation: string, vm: string) =>
    notAllowed(
      // Two blanks stand in the real text.
      `Operation '${operation}' is not allowed on VM '${vm}' since the VM is either deallocated or marked to be deallocated. Please refer to https://aka.ms/vmpowerstates  to learn about different VM power states.`,
    ),
  deleting: (operation: string, vm: string) =>
    notAllowed(
      `Operation '${operation}' is not allowed on VM '${vm}' since the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete).`,
    ),
  powerChanging: (vm: string, state: string, operation: string) =>
    notAllowed(
      `An ongoing operation is changing power state of Virtual Machine ${vm} to ${state}. Please perform operation ${operation} after some time.`,
    ),
  busy: (operation: string, vm: string) =>
    notAllowed(
      `Operation '${operation}' is not allowed on VM '${vm}' since another operation is in progress.`,
    ),
  notGeneralizedForImage: (vm: string) =>
    notAllowed(`The operation 'Create Image' requires the Virtual Machine '${vm}' to be Generalized.`),
  notGeneralizedForCapture: () =>
    notAllowed("Capture operation cannot be completed because the VM is not generalized."),
  captureNeedsBlobDisks: () =>
    notAllowed(
      "The Capture action is only supported on a Virtual Machine with blob based disks. Please use the 'Image' resource APIs to create an Image from a managed Virtual Machine.",
    ),
  runCommandBusy: () =>
    new ArmError(409, {
      code: "Conflict",
      message:
        "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
    }),
  notRunning: () => notAllowed("Cannot modify extensions in the VM when the VM is not running."),
  agentSilent: (vm: string): ErrorBody => ({
    code: "VMAgentStatusCommunicationError",
    message: `VM '${vm}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the VM has a running VM agent, and that it can establish outbound connections to Azure storage.`,
  }),
  sameLun: (disk: string, lun: number) =>
    invalidParameter(`A disk named '${disk}' already uses the same LUN: ${lun}.`, "dataDisk.lun"),
  missing: (parameter: string) =>
    invalidParameter(`Required parameter '${parameter}' is missing (null).`, parameter),
  unexpected: (parameter: string) => invalidParameter(`Parameter '${parameter}' is not allowed.`, parameter),
  badValue: (parameter: string, value: string) =>
    invalidParameter(`The value '${value}' of parameter '${parameter}' is invalid.`, parameter),
  nicInUse: (nic: string, vm: string) =>
    new ArmError(400, {
      code: "NicInUse",
      message: `Network Interface ${nic} is used by existing VM ${vm}.`,
    }),
  quota: (name: string, location: string, limit: number, usage: number, added: number) =>
    notAllowed(
      `Operation could not be completed as it results in exceeding approved ${name} quota. Additional details - Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${limit}, Current Usage: ${usage}, Additional Required: ${added}, (Minimum) New Limit Required: ${usage + added}. Submit a request for Quota increase by specifying parameters listed in the 'Details' section for deployment to succeed.`,
    ),
};

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
  inUse: (disk: string, vmId: string) =>
    notAllowed(`Cannot grant access to disk ${disk} while it is attached to running VM ${vmId}.`),
  shrunk: (): ErrorBody => ({
    code: "InvalidParameter",
    message: "Disks or snapshot cannot be resized down.",
  }),
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
  differs: (id: string, what: string, own: string, parents: string) =>
    badRequest(
      `The resource with id '${id}' has a different ${what} ['${own}'] than the parent gallery image ${what} ['${parents}'].`,
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
