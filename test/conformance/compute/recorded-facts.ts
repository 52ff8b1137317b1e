/**
 * What public recordings show of each operation that writes: the status, the status URLs, the state and the members that
 * the echo gains, the wait it asks for, whose budget it draws on. In an order in which later ones stand on earlier ones.
 */
import { freshVm, GROUP, WEST } from "./support.js";

export interface Fact {
  /** The recording's name without its ending; several facts where one operation answers in several ways. */
  readonly file: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  readonly family: "operations" | "DiskOperations" | "capsOperations" | "operationresults";
  /** The echo's provisioningState; none where the answer is empty. */
  readonly echo?: string;
  /** Members of the echo that the request did not name. */
  readonly adds?: readonly string[];
  /** The result is told by the poll, too. */
  readonly output?: true;
  readonly retryAfter?: string;
  readonly bucket?: string;
  /** Requests that have to come first. */
  readonly before?: readonly (readonly [method: string, path: string, body?: unknown])[];
}

/** Recorded operations that the simulator refuses by name, and why it may. */
export const REFUSED: Readonly<Record<string, readonly [method: string, path: string, reason: string]>> = {
  "PUT_rg.diskaccesses": ["PUT", "diskAccesses/a", "private links need networks, which are ids here"],
  "DELETE_rg.diskaccesses": ["DELETE", "diskAccesses/a", "as above"],
  "PUT_rg.diskencryptionsets": ["PUT", "diskEncryptionSets/e", "keys are Key Vault's, which is not here"],
  "PATCH_rg.diskencryptionsets": ["PATCH", "diskEncryptionSets/e", "as above"],
  "DELETE_rg.diskencryptionsets": ["DELETE", "diskEncryptionSets/e", "as above"],
  "PUT_rg.galleries.applications.versions": ["PUT", "galleries/g/applications/a/versions/1.0.0", "no images"],
  "DELETE_rg.galleries.applications.versions": [
    "DELETE",
    "galleries/g/applications/a/versions/1.0.0",
    "as above",
  ],
  "POST_rg.virtualmachines.converttomanageddisks": [
    "POST",
    "virtualMachines/vm/convertToManagedDisks",
    "disks on page blobs are known by name alone",
  ],
  "POST_rg.virtualmachines.reimage": ["POST", "virtualMachines/vm/reimage", "takes a guest's disk away"],
};

/** Answers that no client of these years is given any more. */
export const OUTDATED: Readonly<Record<string, string>> = {
  "PUT_rg.galleries.images.versions 202": "api-version 2018-06-01; later ones answer 201 and 200",
};

const vhd = { uri: "https://account.blob.core.windows.net/vhds/os.vhd" };
const onBlobs = (vm: ReturnType<typeof freshVm>) => ({
  ...vm,
  properties: {
    ...vm.properties,
    storageProfile: {
      ...vm.properties.storageProfile,
      osDisk: { name: "os", createOption: "fromImage", vhd },
    },
  },
});
const empty = {
  location: WEST,
  sku: { name: "Standard_LRS" },
  properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
};
const read = { access: "Read", durationInSeconds: 60 };
const communityGalleryInfo = { publicNamePrefix: "p", publisherUri: "https://x", publisherContact: "a@b.c" };
const gallery = {
  location: WEST,
  properties: { sharingProfile: { permissions: "Community", communityGalleryInfo } },
};
const definition = {
  location: WEST,
  properties: {
    osType: "Linux",
    osState: "Generalized",
    hyperVGeneration: "V2",
    identifier: { publisher: "p", offer: "o", sku: "s" },
  },
};
const extension = {
  location: WEST,
  properties: {
    publisher: "p",
    type: "t",
    typeHandlerVersion: "1.0",
    protectedSettings: { a: "never shown" },
  },
};
const script = (text: string) => ({ location: WEST, properties: { source: { script: text } } });

/** In an order in which later ones stand on earlier ones. `id` makes the resource id of what lies behind the provider. */
export function recordedFacts(id: (rest: string) => string, subnetId: string): readonly Fact[] {
  type More = Omit<Partial<Fact>, "file" | "method" | "path" | "status" | "family">;
  const fact =
    (family: Fact["family"]) =>
    (method: string, path: string, status: number, more: More = {}): Fact => {
      const types = path.split("/").filter((_, index) => index % 2 === 0);
      const file = `${method}_rg.${types.join(".")}`.toLowerCase().replace(/^[a-z]+/, method);
      return { file, method, path: id(path), status, family, ...more };
    };
  const vms = fact("operations");
  const disks = fact("DiskOperations");
  const caps = fact("capsOperations");
  const creating = (...adds: string[]) => ({ echo: "Creating", adds: ["id", "name", "type", ...adds] });
  const updating = (...adds: string[]) => ({ echo: "Updating", adds: ["id", "name", "type", ...adds] });
  const written = { ...updating(), output: true, retryAfter: "2", bucket: "HighCostSnapshot" } as const;
  const change = { bucket: "UpdateVM" } as const;
  const version = "galleries/g/images/i/versions/1.0.0";
  const versionBody = {
    location: WEST,
    properties: { storageProfile: { source: { id: id("images/i") } }, publishingProfile: {} },
  };
  const point = "restorePointCollections/rpc/restorePoints/rp";
  return [
    vms("PUT", "virtualMachines/vm", 201, {
      body: freshVm(subnetId),
      ...creating("properties.vmId"),
      retryAfter: "10",
      bucket: "PutVM",
    }),
    vms("PUT", "virtualMachines/vm", 200, {
      body: { location: WEST, tags: { a: "b" } },
      ...updating("properties.vmId"),
      bucket: "PutVM",
    }),
    vms("PUT", "virtualMachines/vm/extensions/e", 201, {
      body: extension,
      ...creating("properties.autoUpgradeMinorVersion"),
    }),
    vms("PUT", "virtualMachines/vm/extensions/e", 200, {
      body: extension,
      ...updating("properties.autoUpgradeMinorVersion"),
    }),
    vms("DELETE", "virtualMachines/vm/extensions/e", 202),
    vms("PUT", "virtualMachines/vm/runCommands/c", 201, {
      body: script("id"),
      ...creating("properties.timeoutInSeconds"),
    }),
    vms("PATCH", "virtualMachines/vm/runCommands/c", 200, { body: script("ls"), ...updating("location") }),
    vms("DELETE", "virtualMachines/vm/runCommands/c", 202),
    vms("POST", "virtualMachines/vm/runCommand", 202, {
      body: { commandId: "RunShellScript", script: ["id"] },
      output: true,
      ...change,
    }),
    vms("PATCH", "virtualMachines/vm", 200, {
      body: { tags: { a: "c" } },
      ...updating("location", "properties.vmId"),
    }),
    vms("POST", "virtualMachines/vm/restart", 202, change),
    vms("POST", "virtualMachines/vm/reapply", 202, change),
    vms("POST", "virtualMachines/vm/redeploy", 202, change),
    vms("POST", "virtualMachines/vm/powerOff", 202, change),
    vms("POST", "virtualMachines/vm/start", 202, { ...change, retryAfter: "10" }),
    vms("POST", "virtualMachines/vm/deallocate", 202, { bucket: "DeleteVM", retryAfter: "10" }),
    vms("POST", "virtualMachines/old/capture", 202, {
      before: [
        ["PUT", id("virtualMachines/old"), onBlobs(freshVm(subnetId))],
        ["POST", id("virtualMachines/old/powerOff")],
        ["POST", id("virtualMachines/old/generalize")],
      ],
      body: { vhdPrefix: "p", destinationContainerName: "c", overwriteVhds: true },
      output: true,
      ...change,
    }),
    disks("PUT", "disks/d", 202, { body: empty, ...written }),
    disks("POST", "disks/d/beginGetAccess", 202, { body: read, output: true }),
    disks("POST", "disks/d/endGetAccess", 202),
    disks("PUT", "snapshots/s", 202, { body: empty, ...written }),
    disks("POST", "snapshots/s/beginGetAccess", 202, { body: read, output: true }),
    disks("POST", "snapshots/s/endGetAccess", 202),
    disks("DELETE", "snapshots/s", 202),
    disks("DELETE", "disks/d", 202),
    vms("PUT", point, 201, {
      before: [
        [
          "PUT",
          id("restorePointCollections/rpc"),
          { location: WEST, properties: { source: { id: id("virtualMachines/vm") } } },
        ],
      ],
      body: {},
      echo: "Creating",
      adds: [
        ...["id", "name", "properties.consistencyMode", "properties.timeCreated"],
        ...["vmId", "location", "hyperVGeneration", "hardwareProfile.vmSize", "osProfile.computerName"].map(
          (member) => `properties.sourceMetadata.${member}`,
        ),
        ...["osType", "name", "caching", "diskSizeGB", "managedDisk.id"].map(
          (member) => `properties.sourceMetadata.storageProfile.osDisk.${member}`,
        ),
      ],
    }),
    vms("DELETE", point, 202),
    vms("DELETE", "restorePointCollections/rpc", 202),
    caps("PUT", "galleries/g", 201, {
      body: gallery,
      ...creating(
        "properties.identifier.uniqueName",
        "properties.sharingProfile.communityGalleryInfo.communityGalleryEnabled",
        "properties.sharingProfile.communityGalleryInfo.publicNames[]",
      ),
    }),
    caps("PUT", "galleries/g", 200, { body: gallery, ...updating("properties.identifier.uniqueName") }),
    caps("POST", "galleries/g/share", 202, { body: { operationType: "EnableCommunity" } }),
    caps("PUT", "galleries/g/images/i", 201, {
      body: definition,
      ...creating("properties.architecture"),
    }),
    caps("PUT", "galleries/g/images/i", 200, { body: definition, ...updating() }),
    vms("PUT", "images/i", 201, {
      before: [["POST", id("virtualMachines/vm/generalize")]],
      body: { location: WEST, properties: { sourceVirtualMachine: { id: id("virtualMachines/vm") } } },
      ...creating(),
      bucket: "CreateImages",
    }),
    vms("PUT", "images/i", 200, { body: { location: WEST, tags: { a: "b" } }, ...updating() }),
    caps("PUT", version, 201, {
      body: versionBody,
      ...creating(
        "properties.publishingProfile.publishedDate",
        "properties.publishingProfile.excludeFromLatest",
      ),
    }),
    caps("PUT", version, 200, {
      body: versionBody,
      ...updating(
        "properties.publishingProfile.publishedDate",
        "properties.storageProfile.osDiskImage.sizeInGB",
      ),
    }),
    caps("DELETE", version, 202, { retryAfter: "60" }),
    caps("DELETE", "galleries/g/images/i", 202),
    caps("DELETE", "galleries/g", 202),
    vms("DELETE", "images/i", 202),
    vms("DELETE", "virtualMachines/vm", 202, { bucket: "DeleteVM", retryAfter: "10" }),
    {
      file: "DELETE_rg",
      method: "DELETE",
      path: id("").replace(new RegExp(`(${GROUP})/.*`), "$1"),
      status: 202,
      family: "operationresults",
      retryAfter: "15",
    },
  ];
}
