/** Boots a VM of an image, as everybody does who uses it. */
import { randomBytes } from "node:crypto";
import type { OSProfile, VirtualMachine } from "@azure/arm-compute";
import { createDefaultHttpClient, createPipelineRequest } from "@azure/core-rest-pipeline";
import { done } from "../../domain/outcome.js";
import type { TestVm } from "../../domain/test-boot.js";
import { TEST_ADMIN, testHostName } from "../../domain/test-boot.js";
import type { TestVms } from "../../ports/test-vms.js";
import type { Arm } from "./client.js";
import { idOf, locate } from "./client.js";
import { outcomeOf, submit } from "./submit.js";
import { agentReport, isolated, trustedLaunch } from "./throw-away-vm.js";

export const armTestVms = (cloud: Arm): TestVms => ({
  boot: {
    async start(order) {
      const { client, group, names } = locate(cloud, order.vmId, "virtualMachines");
      // Its password is made here and kept nowhere: asked for a second time, the VM would be asked for another one.
      const known = await outcomeOf(() => client.virtualMachines.get(group, names[0]), "SOURCE_GONE");
      if (known.status === "done") return done({});
      if (known.status === "busy" || known.code !== "SOURCE_GONE") return known;
      return submit(() => client.virtualMachines.createOrUpdate(group, names[0], modelOf(order)));
    },
    ask: (asked) => agentReport(cloud, asked),
  },

  console: (vmId) =>
    outcomeOf(async () => {
      const { client, group, names } = locate(cloud, vmId, "virtualMachines");
      const { serialConsoleLogBlobUri } = await client.virtualMachines.retrieveBootDiagnosticsData(
        group,
        names[0],
        { sasUriExpirationTimeInMinutes: 5 },
      );
      return { log: serialConsoleLogBlobUri === undefined ? "" : await lastOf(serialConsoleLogBlobUri) };
    }),
});

/** Azure keeps at most a megabyte; what a log ends with tells why. */
const SHOWN_CHARS = 16 * 1024;

/** The URL is signed and dies here: it is asked without our token, and stands in no error. */
async function lastOf(signedUrl: string): Promise<string> {
  const url = new URL(signedUrl);
  const local = url.protocol === "http:" && url.hostname === "127.0.0.1";
  if (url.protocol !== "https:" && !local) return "";
  const request = createPipelineRequest({ url: signedUrl, allowInsecureConnection: local });
  const { status, bodyAsText } = await createDefaultHttpClient().sendRequest(request);
  return status === 200 ? (bodyAsText ?? "").slice(-SHOWN_CHARS) : "";
}

function modelOf({
  vmId,
  imageId,
  location,
  size,
  state,
  traits,
  luns,
  subnetId,
  tags,
}: TestVm): VirtualMachine {
  const [name] = idOf(vmId).names;
  return {
    location,
    tags: { ...tags },
    hardwareProfile: { vmSize: size },
    storageProfile: {
      imageReference: { id: imageId },
      ...(traits.diskController === "NVMe" ? { diskControllerType: "NVMe" } : {}),
      osDisk: { name: `${name}-os`, createOption: "FromImage", deleteOption: "Delete" },
      dataDisks: luns.map((lun) => ({
        lun,
        name: `${name}-lun${lun}`,
        createOption: "FromImage",
        deleteOption: "Delete",
      })),
    },
    // A specialized image has its accounts and its name.
    ...(state === "generalized" ? { osProfile: profileOf(vmId, traits.osType) } : {}),
    ...(traits.securityType === "TrustedLaunch" ? { securityProfile: trustedLaunch(true, true) } : {}),
    ...(traits.plan ? { plan: { ...traits.plan } } : {}),
    networkProfile: isolated({ name, subnetId, tags }, false),
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
  };
}

/** Azure wants three of: lower case, upper case, digit, sign. The rest is 192 random bits. */
const newPassword = () => `aA1-${randomBytes(24).toString("base64url")}`;

const profileOf = (vmId: string, osType: TestVm["traits"]["osType"]): OSProfile => ({
  computerName: testHostName(vmId),
  adminUsername: TEST_ADMIN,
  adminPassword: newPassword(),
  ...(osType === "Windows"
    ? { windowsConfiguration: { provisionVMAgent: true, enableAutomaticUpdates: false } }
    : { linuxConfiguration: { disablePasswordAuthentication: false, provisionVMAgent: true } }),
});
