/** The errors of virtual machines, in the service's own words. */
import { ArmError, type ErrorBody, invalidParameter, notAllowed } from "./errors.js";

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
  provisioningTimedOut: (vm: string): ErrorBody => ({
    code: "OSProvisioningTimedOut",
    message: `OS Provisioning for VM '${vm}' did not finish in the allotted time. The VM may still finish provisioning successfully. Please check provisioning state later.`,
  }),
  sameLun: (disk: string, lun: number) =>
    invalidParameter(`A disk named '${disk}' already uses the same LUN: ${lun}.`, "dataDisk.lun"),
  missing: (parameter: string) =>
    invalidParameter(`Required parameter '${parameter}' is missing (null).`, parameter),
  unexpected: (parameter: string) => invalidParameter(`Parameter '${parameter}' is not allowed.`, parameter),
  /** Quoted in Azure/azure-powershell, issue 16597. */
  badUserData: (limit: number) =>
    invalidParameter(
      `UserData must be in Base64 encoding and with a maximum length of ${limit} characters.`,
      "userData",
    ),
  badValue: (parameter: string, value: string) =>
    invalidParameter(`The value '${value}' of parameter '${parameter}' is invalid.`, parameter),
  nicInUse: (nic: string, vm: string) =>
    new ArmError(400, {
      code: "NicInUse",
      message: `Network Interface ${nic} is used by existing VM ${vm}.`,
    }),
  /** Source: Microsoft, "Resolve errors for SKU not available". */
  sizeClosed: (size: string, location: string) =>
    new ArmError(409, {
      code: "SkuNotAvailable",
      message: `The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: ${size}' is currently not available in location '${location}'. Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.`,
    }),
  quota: (name: string, location: string, limit: number, usage: number, added: number) =>
    notAllowed(
      `Operation could not be completed as it results in exceeding approved ${name} quota. Additional details - Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${limit}, Current Usage: ${usage}, Additional Required: ${added}, (Minimum) New Limit Required: ${usage + added}. Submit a request for Quota increase by specifying parameters listed in the 'Details' section for deployment to succeed.`,
    ),
};
