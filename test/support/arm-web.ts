/** A web server in the simulated Azure, and requests to capture it. */
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import { captureRequest } from "../../src/contracts/capture-request.js";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { Seed } from "../../src/local/compute/compute.js";
import type { Cloud } from "./arm-cloud.js";
import { runOrchestration } from "./run-orchestration.js";

export const WEB_SEED: Seed = {
  resourceGroups: [{ name: "rg", location: "westeurope" }],
  virtualNetworks: [{ name: "isolated", subnets: [{ name: "work" }] }],
  vms: [
    {
      name: "web",
      osType: "Linux",
      osDisk: { sizeGb: 30, caching: "ReadOnly" },
      dataDisks: [
        { lun: 0, sizeGb: 8, caching: "ReadOnly" },
        { lun: 3, sizeGb: 16, caching: "None", sku: "Standard_LRS" },
        { lun: 7, sizeGb: 32, caching: "ReadWrite", sku: "Premium_ZRS" },
      ],
      securityType: "TrustedLaunch",
      zones: ["2"],
      tags: { owner: "shop" },
      identity: { type: "SystemAssigned" },
    },
  ],
  galleries: [
    {
      name: "g",
      definitions: [
        {
          name: "web",
          osType: "Linux",
          osState: "Generalized",
          features: [{ name: "SecurityType", value: "TrustedLaunch" }],
        },
      ],
    },
  ],
};

export const webCapture = (cloud: Cloud, more: Record<string, unknown> = {}): CaptureInput => ({
  runId: "run-1",
  announce: false,
  workSubnetIds: [cloud.networkId("virtualNetworks", "isolated/subnets/work")],
  request: captureRequest.parse({
    sourceVmId: cloud.id("virtualMachines", "web"),
    target: { kind: "gallery", definitionId: `${cloud.id("galleries", "g")}/images/web` },
    ...more,
  }),
});

/** Plays a capture to its end, over the real adapters. */
export async function playCapture(cloud: Cloud, input: CaptureInput): Promise<Board> {
  const outcome = await runOrchestration(captureImage, { input, activities: cloud.activities() });
  return outcome.customStatus as Board;
}
