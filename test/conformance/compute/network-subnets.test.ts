/** Virtual networks and subnets: their space, what lies in them, and what keeps them from going. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, WEST, startNetworkBench } from "./support.js";

const API = "?api-version=2024-05-01";

let bench: Bench;
let subnetId: string;
beforeEach(async () => {
  bench = await startNetworkBench();
  subnetId = bench.networkId("virtualNetworks", "isolated/subnets/work");
});
afterEach(() => bench.stop());

const nicBody = () => ({
  location: WEST,
  properties: { ipConfigurations: [{ name: "ip", properties: { subnet: { id: subnetId } } }] },
});
const nicId = (name: string) => bench.networkId("networkInterfaces", name);
const put = (id: string, body: unknown) => bench.call("PUT", id + API, body);
const statusOf = async (id: string) => (await bench.call("GET", id + API)).status;
const codeOf = ({ body }: { body: unknown }) => (body as { error?: { code: string } }).error?.code;

describe("a subnet", () => {
  it("tells what lies in it, and cannot go before that", async () => {
    await put(nicId("a"), nicBody());
    const subnet = (await bench.call("GET", subnetId + API)).body;
    expect(subnet).toMatchObject({
      properties: {
        addressPrefix: "10.1.2.0/29",
        ipConfigurations: [{ id: `${nicId("a")}/ipConfigurations/ip` }],
      },
    });
    const network = bench.networkId("virtualNetworks", "isolated");
    const emptied = put(network, {
      location: WEST,
      properties: { addressSpace: { addressPrefixes: ["10.1.0.0/16"] }, subnets: [] },
    });
    for (const refused of [
      await bench.call("DELETE", subnetId + API),
      await bench.call("DELETE", network + API),
      await emptied,
    ])
      expect([refused.status, codeOf(refused)]).toEqual([400, "InUseSubnetCannotBeDeleted"]);
    await bench.call("DELETE", nicId("a") + API);
    await bench.pass(10);
    expect((await bench.call("DELETE", subnetId + API)).status).toBe(202);
    await bench.pass(15);
    expect(await statusOf(subnetId)).toBe(404);
    expect((await bench.call("DELETE", network + API)).status).toBe(202);
    await bench.pass(15);
    expect(await statusOf(network)).toBe(404);
  });

  const rows: readonly (readonly [reason: string, prefix: string, status: number, code: string])[] = [
    ["outside its network", "10.2.0.0/24", 400, "NetcfgSubnetRangeOutsideVnet"],
    ["over another one", "10.1.2.0/24", 400, "NetcfgSubnetRangesOverlap"],
    ["with host bits", "10.1.3.1/24", 400, "InvalidCIDRNotation"],
    ["that is no prefix", "ten", 400, "InvalidAddressPrefixFormat"],
    ["of IPv6, refused by name", "fd00::/64", 501, "NotSimulated"],
  ];
  it.each(rows)("is refused %s", async (_reason, addressPrefix, status, code) => {
    const id = bench.networkId("virtualNetworks", "isolated/subnets/new");
    const answer = await put(id, { properties: { addressPrefix } });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it("is made in a network, beside the others, and in none that is not there", async () => {
    const id = bench.networkId("virtualNetworks", "isolated/subnets/new");
    const made = await put(id, { properties: { addressPrefix: "10.1.3.0/24" } });
    expect([made.status, made.body]).toMatchObject([201, { properties: { provisioningState: "Updating" } }]);
    await bench.pass(5);
    const network = (await bench.call("GET", bench.networkId("virtualNetworks", "isolated") + API)).body;
    expect(network).toMatchObject({
      properties: {
        subnets: [{ name: "work" }, { name: "new", properties: { provisioningState: "Succeeded" } }],
      },
    });
    const nowhere = bench.networkId("virtualNetworks", "none/subnets/new");
    expect((await put(nowhere, { properties: { addressPrefix: "10.1.3.0/24" } })).status).toBe(404);
  });

  it("keeps its group from going while something elsewhere lies in it, as does an interface of a VM elsewhere", async () => {
    await put(bench.networkId("networkInterfaces", "guest", "rg-images"), nicBody());
    const group = `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${GROUP}`;
    const gone = await bench.call("DELETE", `${group}?api-version=2021-04-01`);
    expect(gone.status).toBe(202);
    await bench.pass(60);
    const { pathname, search } = new URL(gone.headers.get("location") ?? "");
    const end = await bench.call("GET", pathname + search);
    expect(end.status).toBe(409);
    expect(JSON.stringify(end.body)).toContain("InUseSubnetCannotBeDeleted");
    expect(await statusOf(subnetId)).toBe(200);
  });
});

describe("scenarios", () => {
  it("bend the network's operations like every other", async () => {
    const act = { lroFail: { code: "InternalServerError", message: "An error occurred." } };
    await bench.local("POST", "scenarios", {
      match: { operation: "networkInterfaces/delete", times: 1 },
      act,
    });
    await put(nicId("a"), nicBody());
    await bench.call("DELETE", nicId("a") + API);
    await bench.pass(10);
    expect((await bench.call("GET", nicId("a") + API)).body).toMatchObject({
      properties: { provisioningState: "Failed" },
    });
    await bench.call("DELETE", nicId("a") + API);
    await bench.pass(10);
    expect(await statusOf(nicId("a"))).toBe(404);
  });
});
