/** What a user looks at afterwards: public galleries, the Marketplace, usages, sizes, and the old capture's template. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, SEED, startBench, WEST } from "./support.js";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const settled = <T>(poller: { pollUntilDone(): Promise<T> }): Promise<T> =>
  bench.settle(poller.pollUntilDone());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("a community gallery", () => {
  it("is public under its public name once it is shared, and a VM can be made from it", async () => {
    const { galleries, galleryImages, galleryImageVersions, communityGalleryImageVersions, virtualMachines } =
      bench.client;
    const communityGalleryInfo = {
      publisherUri: "u",
      publisherContact: "c@example.com",
      eula: "e",
      publicNamePrefix: "pub",
    };
    const sharingProfile = { permissions: "Community", communityGalleryInfo };
    const gallery = await settled(
      galleries.createOrUpdate(GROUP, "open", { location: WEST, sharingProfile }, POLL),
    );
    const publicName = gallery.sharingProfile?.communityGalleryInfo?.publicNames?.[0] ?? "";
    expect(publicName).toMatch(/^pub-/);
    const identifier = { publisher: "p", offer: "o", sku: "s" };
    await settled(
      galleryImages.createOrUpdate(
        GROUP,
        "open",
        "i",
        { location: WEST, osType: "Linux", osState: "Generalized", hyperVGeneration: "V2", identifier },
        POLL,
      ),
    );
    await settled(virtualMachines.deallocate(GROUP, "linux1", POLL));
    await virtualMachines.generalize(GROUP, "linux1");
    const source = { virtualMachineId: bench.id("virtualMachines", "linux1") };
    const version = galleryImageVersions.createOrUpdate(
      GROUP,
      "open",
      "i",
      "1.0.0",
      { location: WEST, storageProfile: { source } },
      POLL,
    );
    await bench.settle(version.pollUntilDone(), 10_000);
    await expect(communityGalleryImageVersions.get(WEST, publicName, "i", "1.0.0")).rejects.toMatchObject({
      statusCode: 404,
    });
    const share = `${bench.id("galleries", "open")}/share?api-version=2025-03-03`;
    expect((await bench.call("POST", share, { operationType: "EnableCommunity" })).status).toBe(202);
    await bench.pass(60);
    const seen = await communityGalleryImageVersions.get(WEST, publicName, "i", "1.0.0");
    expect(seen.uniqueId).toBe(`/CommunityGalleries/${publicName}/Images/i/Versions/1.0.0`);

    const made = await settled(
      virtualMachines.createOrUpdate(
        GROUP,
        "from-image",
        {
          location: WEST,
          hardwareProfile: { vmSize: "Standard_D2s_v5" },
          storageProfile: {
            imageReference: {
              communityGalleryImageId: `/CommunityGalleries/${publicName}/Images/i/Versions/latest`,
            },
            osDisk: { createOption: "FromImage" },
          },
          osProfile: { computerName: "fresh", adminUsername: "new", adminPassword: "hunter2" },
          networkProfile: {
            networkInterfaceConfigurations: [
              {
                name: "n",
                ipConfigurations: [
                  {
                    name: "ip",
                    subnet: { id: bench.networkId("virtualNetworks", "vnet/subnets/default") },
                  },
                ],
              },
            ],
          },
        },
        POLL,
      ),
    );
    expect(made.storageProfile?.imageReference?.exactVersion).toBe("1.0.0");
    expect(made.storageProfile?.dataDisks?.map(({ lun, caching }) => [lun, caching])).toEqual([
      [0, "ReadOnly"],
      [3, "None"],
      [7, "ReadWrite"],
    ]);
    const view = await virtualMachines.instanceView(GROUP, "from-image");
    expect([view.computerName, view.vmAgent?.statuses?.[0]?.displayStatus]).toEqual(["fresh", "Ready"]);
    const guest = (await bench.local("GET", "guests/from-image")) as { facts: { users: { name: string }[] } };
    expect(guest.facts.users.map(({ name }) => name)).toContain("new");
  });
});

describe("lists", () => {
  it("are bare arrays in the Marketplace, and the top and order of a query hold", async () => {
    const { virtualMachineImages } = bench.client;
    const versions = await virtualMachineImages.list(WEST, "Canonical", "ubuntu-24_04-lts", "server", {
      top: 1,
      orderby: "name desc",
    });
    expect(versions.map(({ name }) => name)).toEqual(["24.04.202505010"]);
    expect(versions[0]?.id).toMatch(/^\/Subscriptions\/.*\/Providers\/Microsoft\.Compute\/Locations\//);
    expect((await virtualMachineImages.listPublishers(WEST)).map(({ name }) => name)).toContain(
      "MicrosoftWindowsServer",
    );
  });

  it("count the cores in use, and show all resources of a scope", async () => {
    const cores = (await collect(bench.client.usage.list(WEST))).find(({ name }) => name.value === "cores");
    expect([cores?.currentValue, cores?.limit]).toEqual([6, 350]);
    expect(await collect(bench.client.virtualMachines.listAll())).toHaveLength(3);
    expect(await collect(bench.client.virtualMachines.listByLocation(WEST))).toHaveLength(3);
    expect(await collect(bench.client.virtualMachines.listByLocation("northeurope"))).toEqual([]);
    const sizes = await collect(bench.client.virtualMachines.listAvailableSizes(GROUP, "linux1"));
    expect(sizes.map(({ name }) => name)).toContain("Standard_D2s_v5");
    expect(await collect(bench.client.disks.listByResourceGroup(GROUP))).toHaveLength(6);
    const skus = await collect(bench.client.resourceSkus.list());
    expect(
      skus.some(({ capabilities }) =>
        capabilities?.some(({ name, value }) => name === "DiskControllerTypes" && value === "NVMe"),
      ),
    ).toBe(true);
  });
});

describe("a quota", () => {
  it("that a seed lowers refuses the VM that would exceed it, and says by how much", async () => {
    await bench.local("POST", "reset", { ...SEED, quotas: { cores: 7 } });
    const body = {
      location: WEST,
      properties: { hardwareProfile: { vmSize: "Standard_D2s_v5" }, networkProfile: {} },
    };
    const refused = await bench.call(
      "PUT",
      `${bench.id("virtualMachines", "v")}?api-version=2024-07-01`,
      body,
    );
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.body)).toMatch(
      /Current Limit: 7, Current Usage: 6, Additional Required: 2/,
    );
  });
});

describe("the old capture", () => {
  it("answers a deployment template for a generalized VM on page blobs, and refuses managed disks", async () => {
    const { virtualMachines } = bench.client;
    const uri = "https://account.blob.core.windows.net/vhds/os.vhd";
    await settled(
      virtualMachines.createOrUpdate(
        GROUP,
        "old",
        {
          location: WEST,
          hardwareProfile: { vmSize: "Standard_D2s_v5" },
          storageProfile: { osDisk: { createOption: "Attach", osType: "Linux", name: "os", vhd: { uri } } },
          networkProfile: {
            networkInterfaceConfigurations: [
              {
                name: "n",
                ipConfigurations: [
                  {
                    name: "ip",
                    subnet: { id: bench.networkId("virtualNetworks", "vnet/subnets/default") },
                  },
                ],
              },
            ],
          },
        },
        POLL,
      ),
    );
    await settled(virtualMachines.powerOff(GROUP, "old", POLL));
    const order = { vhdPrefix: "pre", destinationContainerName: "images", overwriteVhds: true };
    await expect(virtualMachines.capture(GROUP, "old", order, POLL).submitted()).rejects.toThrow(
      /because the VM is not generalized/,
    );
    await virtualMachines.generalize(GROUP, "old");
    const template = await settled(virtualMachines.capture(GROUP, "old", order, POLL));
    expect(template.contentVersion).toBe("1.0.0.0");
    expect(JSON.stringify(template.resources)).toContain(
      "/system/Microsoft.Compute/Images/images/pre-osDisk.",
    );
    await settled(virtualMachines.deallocate(GROUP, "linux1", POLL));
    await virtualMachines.generalize(GROUP, "linux1");
    await expect(virtualMachines.capture(GROUP, "linux1", order, POLL).submitted()).rejects.toThrow(
      /only supported on a Virtual Machine with blob based disks/,
    );
  });
});

describe("a VM's extensions", () => {
  it("come from the seed or are put, are shown in the model, and need a machine that runs to be changed", async () => {
    const [vm] = SEED.vms ?? [];
    const known = { name: "monitor", publisher: "Contoso", type: "Monitor", version: "1.0" };
    await bench.local("POST", "reset", { ...SEED, vms: [{ ...vm, extensions: [known] }] });
    const { virtualMachineExtensions: extensions, virtualMachines } = bench.client;
    await settled(
      extensions.createOrUpdate(
        GROUP,
        "linux1",
        "setup",
        {
          location: WEST,
          publisher: "Contoso",
          typePropertiesType: "Setup",
          typeHandlerVersion: "2.1",
          protectedSettings: { key: "never shown" },
        },
        POLL,
      ),
    );
    const { value = [] } = await extensions.list(GROUP, "linux1");
    expect(value.map(({ name, provisioningState }) => [name, provisioningState])).toEqual([
      ["monitor", "Succeeded"],
      ["setup", "Succeeded"],
    ]);
    const model = await virtualMachines.get(GROUP, "linux1", { expand: "instanceView" });
    expect(model.resources?.map(({ name }) => name)).toEqual(["monitor", "setup"]);
    expect(model.instanceView?.extensions?.map(({ type }) => type)).toEqual([
      "Contoso.Monitor",
      "Contoso.Setup",
    ]);
    expect(JSON.stringify(model)).not.toContain("never shown");
    await settled(extensions.delete(GROUP, "linux1", "monitor", POLL));
    await settled(virtualMachines.deallocate(GROUP, "linux1", POLL));
    await expect(extensions.delete(GROUP, "linux1", "setup", POLL).submitted()).rejects.toThrow(
      "Cannot modify extensions in the VM when the VM is not running.",
    );
  });
});

describe("a VM's user data", () => {
  const given = "aGVsbG8=";
  const change = (userData: string) =>
    bench.client.virtualMachines.update(GROUP, "linux1", { userData }, POLL);
  const told = async () =>
    (await bench.client.virtualMachines.get(GROUP, "linux1", { expand: "userData" })).userData;

  it("are told to whoever asks for them by name, and to nobody else, until they are taken away", async () => {
    expect(await told()).toBeUndefined();
    const answers = [await settled(change(given))];
    expect(await told()).toBe(given);
    const { virtualMachines } = bench.client;
    answers.push(await virtualMachines.get(GROUP, "linux1"));
    answers.push(await virtualMachines.get(GROUP, "linux1", { expand: "instanceView" }));
    answers.push(...(await collect(virtualMachines.list(GROUP))));
    expect(JSON.stringify(answers)).not.toContain(given);
    await settled(virtualMachines.update(GROUP, "linux1", { tags: { a: "b" } }, POLL));
    expect(await told()).toBe(given);
    await settled(change(""));
    expect(await told()).toBeUndefined();
  });

  it.each(["no base64!", "QQ", "A".repeat(87388)])(
    "are refused where they are no base64, or too long",
    async (bad) => {
      await expect(change(bad).submitted()).rejects.toMatchObject({ code: "InvalidParameter" });
    },
  );
});
