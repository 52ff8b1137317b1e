/**
 * Every error of the real service that is known by its own words, and the shortest way to meet it here: those of ARM and
 * of virtual machines. `{}` stands for what differs from case to case. Those that nothing in the simulator leads to say
 * why; a scenario still makes them.
 */
import {
  type ErrorFact,
  linux,
  ask,
  outcome,
  generalized,
  run,
  capture,
  imageOf,
  copyOf,
  empty,
  group,
  osDiskOf,
  readDisk,
  afterwards,
  row,
  notAllowed,
} from "./error-asking.js";
import { GROUP, WEST } from "./support.js";

export const VM_ERROR_FACTS: readonly ErrorFact[] = [
  row(
    404,
    "ResourceNotFound",
    "The Resource 'Microsoft.Compute/{}/{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    (bench) => ask(bench, "GET", bench.id("virtualMachines", "nobody")),
  ),
  row(404, "ResourceGroupNotFound", "Resource group '{}' could not be found.", (bench) =>
    ask(bench, "PUT", bench.id("disks", "d", "nowhere"), empty),
  ),
  row(404, "NotFound", "The entity was not found in this Azure location.", (bench) =>
    ask(
      bench,
      "GET",
      `${group(bench, "").replace("/resourceGroups/", "")}/providers/Microsoft.Compute/locations/${WEST}/operations/none`,
    ),
  ),
  row(404, "NotFound", "Resource {} is not found.", (bench) =>
    ask(bench, "PUT", bench.id("snapshots", "s"), copyOf(bench.id("disks", "nobody"))),
  ),
  row(
    403,
    "AuthorizationFailed",
    "The client '{}' with object id '{}' does not have authorization to perform action '{}' over scope '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
    async (bench) => {
      await bench.local("POST", "reset", {
        resourceGroups: [{ name: GROUP, location: WEST }],
        deniedActions: [{ action: "Microsoft.Compute/disks/*" }],
      });
      return ask(bench, "PUT", bench.id("disks", "d"), empty);
    },
  ),
  row(
    403,
    "LinkedAuthorizationFailed",
    "The client has permission to perform action '{}' on scope '{}', however the current tenant '{}' is not authorized to access linked subscription '{}'.",
    { never: "there is one subscription, and no tenant" },
  ),
  row(
    409,
    "ScopeLocked",
    "The scope '{}' cannot perform delete operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
    async (bench) => {
      const lock = `${linux(bench)}/providers/Microsoft.Authorization/locks/l`;
      await ask(bench, "PUT", lock, { properties: { level: "CanNotDelete" } });
      return ask(bench, "DELETE", linux(bench));
    },
  ),
  notAllowed("Disk {} is attached to VM {}.", async (bench) => ask(bench, "DELETE", await osDiskOf(bench))),
  notAllowed(
    "There is an active shared access signature outstanding for disk {}. Call EndGetAccess before attaching or deleting the disk. Learn more here: aka.ms/revokeaccessapi.",
    async (bench) => ask(bench, "DELETE", await readDisk(bench)),
  ),
  row(
    409,
    "ResourceGroupDeletionBlocked",
    "Deletion of resource group '{}' failed as resources with identifiers '{}' could not be deleted. The provisioning state of the resource group will be rolled back. The tracking Id is '{}'. Please check audit logs for more details.",
    async (bench) => {
      await readDisk(bench);
      return outcome(bench, ["DELETE", group(bench, GROUP)]);
    },
  ),
  notAllowed("The operation 'Create Image' requires the Virtual Machine '{}' to be Generalized.", (bench) =>
    ask(bench, "PUT", bench.id("images", "i"), imageOf(linux(bench))),
  ),
  notAllowed("Capture operation cannot be completed because the VM is not generalized.", (bench) =>
    ask(bench, "POST", `${linux(bench)}/capture`, capture),
  ),
  notAllowed(
    "The Capture action is only supported on a Virtual Machine with blob based disks. Please use the 'Image' resource APIs to create an Image from a managed Virtual Machine.",
    async (bench) => {
      await generalized(bench);
      return ask(bench, "POST", `${linux(bench)}/capture`, capture);
    },
  ),
  row(
    409,
    "TargetDiskBlobAlreadyExists",
    "Capture operation cannot continue because target image blob {} already exists and the flag to overwrite VHD blobs is not set. Either delete the blob or set the flag to overwrite VHD blobs and retry.",
    { never: "each capture names its blob anew" },
  ),
  notAllowed(
    "Operation 'generalize' is not allowed on VM '{}' since the VM is running. Please power off explicitly in case you shut down the VM from inside the guest operating system.",
    (bench) => ask(bench, "POST", `${linux(bench)}/generalize`),
  ),
  notAllowed("Operation 'start' is not allowed on VM '{}' since the VM is generalized.", async (bench) => {
    await generalized(bench);
    return ask(bench, "POST", `${linux(bench)}/start`);
  }),
  notAllowed(
    "Operation 'powerOff' is not allowed on VM '{}' since the VM is either deallocated or marked to be deallocated. Please refer to https://aka.ms/vmpowerstates  to learn about different VM power states.",
    afterwards("POST /deallocate", "POST /powerOff"),
  ),
  notAllowed(
    "Operation '{}' is not allowed on VM '{}' since the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete).",
    afterwards("DELETE", "POST /start"),
  ),
  notAllowed(
    "An ongoing operation is changing power state of Virtual Machine {} to {}. Please perform operation {} after some time.",
    afterwards("POST /powerOff", "POST /start"),
  ),
  notAllowed(
    "Operation '{}' is not allowed on VM '{}' since another operation is in progress.",
    afterwards("POST /reapply", "POST /powerOff"),
  ),
  row(
    409,
    "Conflict",
    "The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
    afterwards("PATCH ", "PATCH ", { tags: { a: "b" } }, { tags: { a: "c" } }),
  ),
  row(
    "operation",
    "OperationPreempted",
    "Operation execution has been preempted by a more recent operation.",
    (bench) =>
      outcome(bench, ["POST", `${linux(bench)}/powerOff`], () =>
        ask(bench, "POST", `${linux(bench)}/deallocate`),
      ),
  ),
  row(
    409,
    "Conflict",
    "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
    afterwards("POST /runCommand", "POST /runCommand", run, run),
  ),
  notAllowed(
    "Cannot modify extensions in the VM when the VM is not running.",
    afterwards("POST /deallocate", "POST /runCommand", undefined, run),
  ),
  row(409, "PropertyChangeNotAllowed", "Changing property '{}' is not allowed.", async (bench) => {
    const body = (vm: string) => ({
      location: WEST,
      properties: { source: { id: bench.id("virtualMachines", vm) } },
    });
    await ask(bench, "PUT", bench.id("restorePointCollections", "c"), body("linux1"));
    return ask(bench, "PUT", bench.id("restorePointCollections", "c"), body("windows1"));
  }),
  row(
    409,
    "CannotDeleteResource",
    "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{}'. Please delete all nested resources before deleting this resource.",
    (bench) => ask(bench, "DELETE", bench.id("galleries", "gallery1", "rg-images")),
  ),
];
