/** What the service refuses, and how: power states, sources that do not fit, locks, permissions, parents, throttling. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, SEED, startBench, WEST } from "./support.js";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const settled = <T>(poller: { pollUntilDone(): Promise<T> }): Promise<T> =>
  bench.settle(poller.pollUntilDone());
const generalized = async (vm: string): Promise<string> => {
  await settled(bench.client.virtualMachines.deallocate(GROUP, vm, POLL));
  await bench.client.virtualMachines.generalize(GROUP, vm);
  return bench.id("virtualMachines", vm);
};

describe("a VM's power state", () => {
  it("decides which operation is allowed, with the service's own words", async () => {
    const { virtualMachines } = bench.client;
    await expect(virtualMachines.generalize(GROUP, "linux1")).rejects.toMatchObject({
      statusCode: 409,
      message: expect.stringContaining("since the VM is running. Please power off explicitly") as string,
    });
    await generalized("linux1");
    await expect(virtualMachines.start(GROUP, "linux1", POLL).submitted()).rejects.toThrow(
      "Operation 'start' is not allowed on VM 'linux1' since the VM is generalized.",
    );
    await expect(virtualMachines.powerOff(GROUP, "linux1", POLL).submitted()).rejects.toThrow(
      /either deallocated or marked to be deallocated/,
    );
    await expect(
      virtualMachines
        .runCommand(GROUP, "linux1", { commandId: "RunShellScript", script: ["id"] }, POLL)
        .submitted(),
    ).rejects.toThrow("Cannot modify extensions in the VM when the VM is not running.");
  });

  it("is in transition while an operation runs, and deallocate overrides what is under way", async () => {
    const { virtualMachines } = bench.client;
    const powerOff = virtualMachines.powerOff(GROUP, "linux1", POLL);
    await powerOff.submitted();
    expect((await virtualMachines.instanceView(GROUP, "linux1")).statuses?.at(-1)?.code).toBe(
      "PowerState/stopping",
    );
    await expect(virtualMachines.start(GROUP, "linux1", POLL).submitted()).rejects.toThrow(
      /An ongoing operation is changing power state of Virtual Machine linux1 to Stopped/,
    );
    await settled(virtualMachines.deallocate(GROUP, "linux1", POLL));
    await expect(powerOff.pollUntilDone()).rejects.toThrow(/OperationPreempted/);
  });
});

describe("run command", () => {
  it("runs one at a time", async () => {
    const { virtualMachines } = bench.client;
    const run = { commandId: "RunShellScript", script: ["id"] };
    const first = virtualMachines.runCommand(GROUP, "linux1", run, POLL);
    await first.submitted();
    await expect(virtualMachines.runCommand(GROUP, "linux1", run, POLL).submitted()).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
    });
    const { value } = await settled(first);
    expect(value?.[0]?.message).toBe("Enable succeeded: \n[stdout]\n\n[stderr]\n");
    expect(bench.lines.join("\n")).toContain("script without a contract");
  });
});

describe("an image", () => {
  it("needs a generalized VM, and none of Trusted Launch", async () => {
    const make = (vm: string) =>
      bench.client.images
        .createOrUpdate(
          "rg-images",
          "i",
          { location: WEST, sourceVirtualMachine: { id: bench.id("virtualMachines", vm) } },
          POLL,
        )
        .submitted();
    await expect(make("linux1")).rejects.toThrow(
      "The operation 'Create Image' requires the Virtual Machine 'linux1' to be Generalized.",
    );
    await expect(make("trusted1")).rejects.toMatchObject({ statusCode: 400, code: "BadRequest" });
  });
});

describe("a gallery version", () => {
  const make = (definition: string, name: string, body: object) =>
    bench.client.galleryImageVersions.createOrUpdate(
      "rg-images",
      "gallery1",
      definition,
      name,
      { location: WEST, ...body },
      POLL,
    );

  it.each([
    [
      "OS state",
      "linux-specialized",
      "1.0.0",
      /different OS state \['Generalized'\] than the parent gallery image OS state \['Specialized'\]/,
    ],
    ["generation", "windows-generalized", "1.0.0", /different Hypervisor generation \['V2'\]/],
    ["name", "linux-generalized", "1.0", /Major\(int\)\.Minor\(int\)\.Patch\(int\)/],
  ])("must fit its definition: %s", async (_what, definition, name, message) => {
    const virtualMachineId = await generalized("linux1");
    await expect(
      make(definition, name, { storageProfile: { source: { virtualMachineId } } }).submitted(),
    ).rejects.toThrow(message);
  });

  it("must be replicated to its own region, from a source that is there", async () => {
    const virtualMachineId = await generalized("linux1");
    const elsewhere = { publishingProfile: { targetRegions: [{ name: "westus" }] } };
    await expect(
      make("linux-generalized", "1.0.0", {
        storageProfile: { source: { virtualMachineId } },
        ...elsewhere,
      }).submitted(),
    ).rejects.toThrow(/must contain the location of image version westeurope/);
    await expect(
      make("linux-generalized", "1.0.0", {
        storageProfile: { source: { virtualMachineId: bench.id("virtualMachines", "gone") } },
      }).submitted(),
    ).rejects.toThrow(/is not found. Please check source exists/);
  });

  it("keeps its definition from being deleted, and for a while after its own deletion too", async () => {
    const { galleryImages, galleryImageVersions } = bench.client;
    const virtualMachineId = await generalized("linux1");
    await settled(make("linux-generalized", "1.0.0", { storageProfile: { source: { virtualMachineId } } }));
    const remove = () => galleryImages.delete("rg-images", "gallery1", "linux-generalized", POLL);
    await expect(remove().submitted()).rejects.toMatchObject({
      statusCode: 409,
      code: "CannotDeleteResource",
    });
    await galleryImageVersions.delete("rg-images", "gallery1", "linux-generalized", "1.0.0").submitted();
    const stands = () =>
      galleryImageVersions.get("rg-images", "gallery1", "linux-generalized", "1.0.0").then(
        () => true,
        (error: unknown) => (error as { statusCode?: number }).statusCode !== 404,
      );
    // Second by second of the cloud's time: what lingers for fifteen must not be over before it is looked at.
    while (await stands()) await bench.pass(1);
    await expect(remove().submitted()).rejects.toMatchObject({ code: "CannotDeleteResource" });
    await bench.pass(20);
    await settled(remove());
  });
});

describe("ARM itself", () => {
  const api = "?api-version=2022-09-01";

  it("refuses to delete below a lock, and to write below a read-only one", async () => {
    const { simulator, client } = bench;
    const scope = `/subscriptions/${simulator.subscriptionId}/resourceGroups/${GROUP}`;
    const lock = (name: string) => `${scope}/providers/Microsoft.Authorization/locks/${name}${api}`;
    expect((await bench.call("PUT", lock("keep"), { properties: { level: "CanNotDelete" } })).status).toBe(
      201,
    );
    await expect(client.virtualMachines.delete(GROUP, "linux1", POLL).submitted()).rejects.toMatchObject({
      statusCode: 409,
      code: "ScopeLocked",
    });
    await settled(client.virtualMachines.powerOff(GROUP, "linux1", POLL));
    expect((await bench.call("PUT", lock("freeze"), { properties: { level: "ReadOnly" } })).status).toBe(201);
    await expect(client.virtualMachines.start(GROUP, "linux1", POLL).submitted()).rejects.toMatchObject({
      code: "ScopeLocked",
    });
    for (const name of ["keep", "freeze"]) expect((await bench.call("DELETE", lock(name))).status).toBe(200);
    await settled(client.virtualMachines.start(GROUP, "linux1", POLL));
  });

  it("answers 403 for an action the caller was denied", async () => {
    await bench.local("POST", "reset", {
      ...SEED,
      deniedActions: [{ action: "Microsoft.Compute/virtualMachines/generalize/action" }],
    });
    await expect(bench.client.virtualMachines.generalize(GROUP, "linux1")).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthorizationFailed",
    });
  });

  it("refuses by name what it does not simulate", async () => {
    await expect(
      bench.client.virtualMachines.assessPatches(GROUP, "linux1", POLL).submitted(),
    ).rejects.toMatchObject({
      statusCode: 501,
      message: expect.stringMatching(
        /does not know POST .*assessPatches.* virtualMachines\/deallocate/,
      ) as string,
    });
  });

  it("deletes a resource group with everything in it, answering 202 until it is gone", async () => {
    const scope = `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${GROUP}${api}`;
    const started = await bench.call("DELETE", scope);
    expect([
      started.status,
      started.headers.get("retry-after"),
      started.headers.has("azure-asyncoperation"),
    ]).toEqual([202, "15", false]);
    const location = new URL(started.headers.get("location") ?? "");
    expect((await bench.call("GET", location.pathname + location.search)).status).toBe(202);
    await bench.pass(60);
    expect((await bench.call("GET", location.pathname + location.search)).status).toBe(200);
    expect((await bench.call("HEAD", scope)).status).toBe(404);
    await expect(bench.client.virtualMachines.get(GROUP, "linux1")).rejects.toMatchObject({
      code: "ResourceGroupNotFound",
    });
  });
});

describe("throttling", () => {
  it("gives one VM twelve updates, then says how long to wait, and refills with the clock", async () => {
    await bench.stop();
    bench = await startBench({ throttling: true });
    const path = `${bench.id("virtualMachines", "linux1")}/reapply?api-version=2024-07-01`;
    const statuses: number[] = [];
    let refused = await bench.call("POST", path);
    while (refused.status === 202) {
      statuses.push(refused.status);
      await bench.pass(0);
      refused = await bench.call("POST", path);
    }
    expect(statuses).toHaveLength(12);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("15");
    expect(refused.body).toMatchObject({
      error: {
        code: "OperationNotAllowed",
        details: [{ code: "TooManyRequests", target: "UpdateVMResource" }],
        innererror: { internalErrorCode: "TooManyRequestsReceived" },
      },
    });
    await bench.pass(15);
    expect((await bench.call("POST", path)).status).toBe(202);
  });
});
