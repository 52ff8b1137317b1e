/** Microsoft.Network as far as VMs need it: interfaces and their VMs. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, freshVm, GROUP, POLL, WEST, startNetworkBench } from "./support.js";

const API = "?api-version=2024-05-01";
const VM_API = "?api-version=2024-07-01";

interface NicBody {
  readonly id: string;
  readonly tags?: Record<string, string>;
  readonly properties: {
    readonly provisioningState: string;
    readonly primary?: boolean;
    readonly macAddress?: string;
    readonly virtualMachine?: { readonly id: string };
    readonly ipConfigurations: readonly {
      readonly id: string;
      readonly properties: { readonly privateIPAddress: string };
    }[];
  };
}

let bench: Bench;
let subnetId: string;
beforeEach(async () => {
  bench = await startNetworkBench();
  subnetId = bench.networkId("virtualNetworks", "isolated/subnets/work");
});
afterEach(() => bench.stop());

const nicBody = (subnet = subnetId, more: object = {}) => ({
  location: WEST,
  properties: { ipConfigurations: [{ name: "ip", properties: { subnet: { id: subnet }, ...more } }] },
});
const nicId = (name: string) => bench.networkId("networkInterfaces", name);
const vmId = (name: string) => bench.id("virtualMachines", name);
const put = (id: string, body: unknown, api = API) => bench.call("PUT", id + api, body);
const get = async (id: string) => (await bench.call("GET", id + API)).body as NicBody;
const statusOf = async (id: string) => (await bench.call("GET", id + API)).status;
const codeOf = ({ body }: { body: unknown }) => (body as { error?: { code: string } }).error?.code;
const referencesOf = async (vm: string) =>
  (await bench.client.virtualMachines.get(GROUP, vm)).networkProfile?.networkInterfaces ?? [];
const remove = (vm: string) =>
  bench.settle(bench.client.virtualMachines.delete(GROUP, vm, POLL).pollUntilDone());

describe("a network interface", () => {
  it("is made, read, listed, tagged and deleted, with the status URLs of its own provider", async () => {
    const made = await put(nicId("a"), nicBody());
    expect(made.status).toBe(201);
    expect(made.headers.get("azure-asyncoperation")).toContain(
      `/providers/Microsoft.Network/locations/${WEST}/operations/`,
    );
    expect(made.body).toMatchObject({
      name: "a",
      type: "Microsoft.Network/networkInterfaces",
      properties: {
        provisioningState: "Succeeded",
        ipConfigurations: [{ properties: { privateIPAddress: "10.1.2.4", primary: true } }],
      },
    });
    const tagged = await bench.call("PATCH", nicId("a") + API, { tags: { team: "web" } });
    expect([tagged.status, (tagged.body as NicBody).tags]).toEqual([200, { team: "web" }]);
    const group = nicId("a").slice(0, nicId("a").indexOf("/providers"));
    const subscription = group.slice(0, group.indexOf("/resourceGroups"));
    for (const scope of [group, subscription]) {
      const { body } = await bench.call(
        "GET",
        `${scope}/providers/Microsoft.Network/networkInterfaces${API}`,
      );
      expect((body as { value: NicBody[] }).value.map(({ id }) => id)).toContain(nicId("a"));
    }
    const { body } = await bench.call("GET", `${group}/resources?api-version=2021-04-01`);
    expect((body as { value: { type: string; name: string }[] }).value).toContainEqual(
      expect.objectContaining({ type: "Microsoft.Network/networkInterfaces", name: "a" }),
    );

    const gone = await bench.call("DELETE", nicId("a") + API);
    expect([gone.status, gone.headers.get("retry-after")]).toEqual([202, "10"]);
    const path = (header: string) => {
      const url = new URL(gone.headers.get(header) ?? "");
      return url.pathname + url.search;
    };
    expect((await bench.call("GET", path("azure-asyncoperation"))).body).toEqual({ status: "InProgress" });
    expect((await bench.call("GET", path("location"))).status).toBe(202);
    await bench.pass(10);
    expect((await bench.call("GET", path("azure-asyncoperation"))).body).toEqual({ status: "Succeeded" });
    expect((await bench.call("GET", path("location"))).status).toBe(204);
    expect(await statusOf(nicId("a"))).toBe(404);
    expect((await bench.call("DELETE", nicId("a") + API)).status).toBe(204);
  });

  it("keeps its address, its number and its VM when it is written again", async () => {
    const before = await get(nicId("linux1-nic"));
    await put(nicId("linux1-nic"), {
      ...nicBody(bench.networkId("virtualNetworks", "vnet/subnets/default")),
      properties: {
        enableIPForwarding: true,
        ipConfigurations: [
          {
            name: "ipconfig1",
            properties: { subnet: { id: bench.networkId("virtualNetworks", "vnet/subnets/default") } },
          },
        ],
      },
    });
    const after = await get(nicId("linux1-nic"));
    expect(after.properties).toMatchObject({ ...before.properties, enableIPForwarding: true });
  });

  const rows: readonly (readonly [reason: string, body: () => unknown, code: string])[] = [
    ["a subnet that is not there", () => nicBody(`${subnetId}x`), "InvalidResourceReference"],
    [
      "a subnet of another region",
      () => nicBody(bench.networkId("virtualNetworks", "far/subnets/work")),
      "InvalidResourceReference",
    ],
    [
      "no subnet",
      () => ({ location: WEST, properties: { ipConfigurations: [{ name: "ip" }] } }),
      "SubnetIsRequired",
    ],
    [
      "a public address, of which there are none",
      () => nicBody(subnetId, { publicIPAddress: { id: bench.networkId("publicIPAddresses", "p") } }),
      "InvalidResourceReference",
    ],
    [
      "an address outside its subnet",
      () => nicBody(subnetId, { privateIPAllocationMethod: "Static", privateIPAddress: "10.1.9.4" }),
      "PrivateIPAddressNotInSubnet",
    ],
    [
      "an address that another has",
      () => nicBody(subnetId, { privateIPAllocationMethod: "Static", privateIPAddress: "10.1.2.4" }),
      "PrivateIPAddressIsAllocated",
    ],
  ];
  it.each(rows)("is refused with %s", async (_reason, body, code) => {
    await put(nicId("first"), nicBody());
    const answer = await put(nicId("second"), body());
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(await statusOf(nicId("second"))).toBe(404);
  });

  it("finds its subnet full when every address but Azure's own five is taken", async () => {
    for (const name of ["a", "b", "c"]) expect((await put(nicId(name), nicBody())).status).toBe(201);
    expect(codeOf(await put(nicId("d"), nicBody()))).toBe("SubnetIsFull");
  });
});

describe("a VM and its interfaces", () => {
  it("name each other, and an interface in use is neither deleted nor taken by another VM", async () => {
    const nic = await get(nicId("linux1-nic"));
    expect(nic.properties.virtualMachine?.id).toBe(vmId("linux1"));
    expect(nic.properties.primary).toBe(true);
    expect(nic.properties.macAddress).toMatch(/^00-0D-3A(-[0-9A-F]{2}){3}$/);
    const refused = await bench.call("DELETE", nicId("linux1-nic") + API);
    expect([refused.status, codeOf(refused)]).toEqual([400, "NicInUse"]);
    expect(JSON.stringify(refused.body)).toContain(vmId("linux1"));
    const second = freshVm(subnetId);
    const networkProfile = { networkInterfaces: [{ id: nicId("linux1-nic") }] };
    const taken = await put(
      vmId("second"),
      { ...second, properties: { ...second.properties, networkProfile } },
      VM_API,
    );
    expect([taken.status, codeOf(taken)]).toEqual([400, "NicInUse"]);
  });

  it("a VM that describes an interface has it made, and takes it along when it goes", async () => {
    expect((await put(vmId("made"), freshVm(subnetId), VM_API)).status).toBe(201);
    await bench.pass(80);
    const [reference] = await referencesOf("made");
    expect(reference).toMatchObject({ primary: true, deleteOption: "Delete" });
    const nic = await get(reference?.id ?? "");
    expect(nic.properties.virtualMachine?.id).toBe(vmId("made"));
    await remove("made");
    expect(await statusOf(nic.id)).toBe(404);
  });

  it.each([
    ["Delete", 404],
    ["Detach", 200],
  ] as const)("PATCHed to %s, an interface follows that when the VM goes", async (deleteOption, status) => {
    const networkProfile = { networkInterfaces: [{ id: nicId("linux1-nic"), deleteOption }] };
    await bench.settle(
      bench.client.virtualMachines.update(GROUP, "linux1", { networkProfile }, POLL).pollUntilDone(),
    );
    expect(await referencesOf("linux1")).toMatchObject([{ deleteOption }]);
    await remove("linux1");
    expect(await statusOf(nicId("linux1-nic"))).toBe(status);
    if (status === 200) {
      expect((await get(nicId("linux1-nic"))).properties.virtualMachine).toBeUndefined();
      expect((await bench.call("DELETE", nicId("linux1-nic") + API)).status).toBe(202);
    }
  });

  it("even one that was made with the VM stays when it was told to", async () => {
    await put(vmId("made"), freshVm(subnetId), VM_API);
    await bench.pass(80);
    const [reference] = await referencesOf("made");
    const id = reference?.id ?? "";
    const networkProfile = { networkInterfaces: [{ id, deleteOption: "Detach" as const }] };
    await bench.settle(
      bench.client.virtualMachines.update(GROUP, "made", { networkProfile }, POLL).pollUntilDone(),
    );
    await remove("made");
    expect(await statusOf(id)).toBe(200);
  });

  it("change sets only while the VM is deallocated, and the one left out is free again", async () => {
    await put(nicId("other"), nicBody());
    const swap = () =>
      bench.settle(
        bench.client.virtualMachines
          .update(GROUP, "linux1", { networkProfile: { networkInterfaces: [{ id: nicId("other") }] } }, POLL)
          .pollUntilDone(),
      );
    await expect(swap()).rejects.toMatchObject({
      code: "AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported",
    });
    await bench.settle(bench.client.virtualMachines.deallocate(GROUP, "linux1", POLL).pollUntilDone());
    await swap();
    expect((await referencesOf("linux1")).map(({ id }) => id)).toEqual([nicId("other")]);
    expect((await get(nicId("linux1-nic"))).properties.virtualMachine).toBeUndefined();
    expect((await get(nicId("other"))).properties.virtualMachine?.id).toBe(vmId("linux1"));
  });

  it("a refused VM leaves nothing: no interface, and none that it claimed", async () => {
    await put(nicId("free"), nicBody());
    const fresh = freshVm(`${subnetId}x`);
    const wrongSubnet = await put(vmId("vm"), fresh, VM_API);
    expect([wrongSubnet.status, codeOf(wrongSubnet)]).toEqual([400, "InvalidResourceReference"]);
    const wrongDisk = {
      ...fresh,
      properties: {
        ...fresh.properties,
        storageProfile: {
          osDisk: { createOption: "Attach", osType: "Linux", managedDisk: { id: vmId("no") } },
        },
        networkProfile: { networkInterfaces: [{ id: nicId("free") }] },
      },
    };
    expect((await put(vmId("vm"), wrongDisk, VM_API)).status).toBeGreaterThanOrEqual(400);
    expect((await get(nicId("free"))).properties.virtualMachine).toBeUndefined();
    const group = subnetId.slice(0, subnetId.indexOf("/virtualNetworks"));
    const { body } = await bench.call("GET", `${group}/networkInterfaces${API}`);
    expect((body as { value: unknown[] }).value).toHaveLength(4);
  });
});
