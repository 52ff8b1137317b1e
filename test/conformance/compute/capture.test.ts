/** The capture path from end to end, by the official SDK: seal, deallocate, generalize, image, gallery version. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";

let bench: Bench;
let markers: { method: string; body: unknown }[];
let storage: Server;
let markerUrl: string;

beforeEach(async () => {
  bench = await startBench();
  markers = [];
  storage = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      markers.push({ method: request.method ?? "", body: JSON.parse(text) as unknown });
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((resolve) => storage.listen(0, "127.0.0.1", resolve));
  markerUrl = `http://127.0.0.1:${(storage.address() as AddressInfo).port}/markers/run-1.json?sig=secret`;
});

afterEach(async () => {
  await bench.stop();
  await new Promise((resolve) => {
    storage.close(resolve);
    storage.closeAllConnections();
  });
});

const powerOf = async (vm: string): Promise<string | undefined> => {
  const view = await bench.client.virtualMachines.instanceView(GROUP, vm);
  return view.statuses?.at(-1)?.code;
};

const sealScript = (os: "linux" | "windows"): string =>
  `#!/bin/sh\n# guest-contract: seal-${os}/1\n# parameters: runId markerUrl*\n# result: one JSON object\n`;

async function startSeal(vm: string, os: "linux" | "windows"): Promise<string> {
  const command = bench.client.virtualMachineRunCommands.createOrUpdate(
    GROUP,
    vm,
    "seal",
    {
      location: WEST,
      source: { script: sealScript(os) },
      parameters: [
        { name: "runId", value: "run-1" },
        { name: "selfPowerOff", value: "true" },
      ],
      protectedParameters: [{ name: "markerUrl", value: markerUrl }],
    },
    POLL,
  );
  const made = await bench.settle(command.pollUntilDone());
  expect(JSON.stringify(made)).not.toContain("secret");
  const view = await bench.client.virtualMachineRunCommands.getByVirtualMachine(GROUP, vm, "seal", {
    expand: "instanceView",
  });
  expect(view.instanceView?.executionState).toBe("Succeeded");
  return view.instanceView?.output ?? "";
}

describe("capturing a VM", () => {
  it("seals a Linux guest, which puts its marker and powers off", async () => {
    expect(JSON.parse(await startSeal("linux1", "linux"))).toEqual({ started: true, unit: "vmimage-seal" });
    expect(await powerOf("linux1")).toBe("PowerState/running");
    await bench.pass(120);
    expect(markers).toHaveLength(1);
    expect(markers[0]?.method).toBe("PUT");
    expect(markers[0]?.body).toMatchObject({
      contract: "seal-marker/1",
      runId: "run-1",
      outcome: "sealed",
      removedUsers: ["azureuser"],
    });
    expect(await powerOf("linux1")).toBe("PowerState/stopped");
  });

  it("goes from a deallocated, generalized VM to a managed image and a replicated gallery version", async () => {
    const { virtualMachines, images, galleryImageVersions } = bench.client;
    await bench.settle(virtualMachines.deallocate(GROUP, "linux1", POLL).pollUntilDone());
    await virtualMachines.generalize(GROUP, "linux1");
    const view = await virtualMachines.instanceView(GROUP, "linux1");
    expect(view.statuses?.map(({ code }) => code)).toEqual([
      "OSState/generalized",
      "ProvisioningState/succeeded",
      "PowerState/deallocated",
    ]);
    const vmId = bench.id("virtualMachines", "linux1");
    const image = await bench.settle(
      images
        .createOrUpdate("rg-images", "image1", { location: WEST, sourceVirtualMachine: { id: vmId } }, POLL)
        .pollUntilDone(),
    );
    expect(image.storageProfile?.osDisk?.diskSizeGB).toBe(30);
    expect(image.storageProfile?.dataDisks?.map(({ lun, caching }) => [lun, caching])).toEqual([
      [0, "ReadOnly"],
      [3, "None"],
      [7, "ReadWrite"],
    ]);
    const poller = galleryImageVersions.createOrUpdate(
      "rg-images",
      "gallery1",
      "linux-generalized",
      "1.0.0",
      {
        location: WEST,
        storageProfile: { source: { virtualMachineId: vmId } },
        publishingProfile: { targetRegions: [{ name: WEST }, { name: "northeurope" }] },
      },
      POLL,
    );
    await poller.submitted();
    await bench.pass(120);
    const underWay = await galleryImageVersions.get("rg-images", "gallery1", "linux-generalized", "1.0.0", {
      expand: "ReplicationStatus",
    });
    expect(underWay.provisioningState).toBe("Creating");
    const [home, far] = underWay.replicationStatus?.summary ?? [];
    expect(home?.region).toBe(WEST);
    expect(home?.progress).toBeGreaterThan(0);
    expect(far?.progress).toBe(0);
    const version = await bench.settle(poller.pollUntilDone(), 10_000);
    expect(version.publishingProfile?.targetRegions?.map(({ name }) => name)).toEqual([
      "West Europe",
      "North Europe",
    ]);
    expect(version.storageProfile?.dataDiskImages?.map(({ lun }) => lun)).toEqual([0, 3, 7]);
  });
});
