/** Disks, snapshots, restore points and the bytes behind their signed URLs, by the official SDKs. */
import { AnonymousCredential, PageBlobClient } from "@azure/storage-blob";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const osDiskOf = async (vm: string): Promise<string> => {
  const { storageProfile } = await bench.client.virtualMachines.get(GROUP, vm);
  return storageProfile?.osDisk?.managedDisk?.id ?? "";
};

const snapshot = (name: string, sourceResourceId: string, more: object = {}) =>
  bench.settle(
    bench.client.snapshots
      .createOrUpdate(
        GROUP,
        name,
        { location: WEST, creationData: { createOption: "Copy", sourceResourceId }, ...more },
        POLL,
      )
      .pollUntilDone(),
  );

describe("the bytes of a disk", () => {
  it("are read through a signed URL as a fixed VHD until the access ends", async () => {
    await snapshot("snap1", await osDiskOf("linux1"));
    const { accessSAS = "" } = await bench.settle(
      bench.client.snapshots
        .grantAccess(GROUP, "snap1", { access: "Read", durationInSeconds: 3600 }, POLL)
        .pollUntilDone(),
    );
    const blob = new PageBlobClient(accessSAS, new AnonymousCredential());
    const { contentLength = 0, blobType } = await blob.getProperties();
    expect(blobType).toBe("PageBlob");
    expect(contentLength).toBe(30 * 2 ** 30 + 512);
    const footer = await blob.downloadToBuffer(contentLength - 512, 512);
    expect(footer.toString("latin1", 0, 8)).toBe("conectix");
    expect(footer.readBigUInt64BE(48)).toBe(30n * 2n ** 30n);
    const head = await blob.downloadToBuffer(0, 4096);
    expect(head.equals(Buffer.alloc(4096))).toBe(false);
    const ranges = [];
    for await (const range of blob.listPageRanges(0, contentLength)) ranges.push(range);
    expect(ranges.at(-1)?.end).toBe(contentLength - 1);

    expect((await bench.client.snapshots.get(GROUP, "snap1")).diskState).toBe("ActiveSAS");
    await expect(bench.client.snapshots.delete(GROUP, "snap1", POLL).submitted()).rejects.toThrow(
      /active shared access signature outstanding for disk snap1/,
    );
    const forged = await fetch(accessSAS.replace(/sig=../, "sig=xx"));
    expect(forged.status).toBe(403);
    await bench.settle(bench.client.snapshots.revokeAccess(GROUP, "snap1", POLL).pollUntilDone());
    expect((await fetch(accessSAS)).status).toBe(403);
    await bench.settle(bench.client.snapshots.delete(GROUP, "snap1", POLL).pollUntilDone());
  });

  it("are shared by a disk made from a snapshot, which cannot be attached twice nor shrunk", async () => {
    const { id = "" } = await snapshot("snap1", await osDiskOf("linux1"));
    const make = (name: string, diskSizeGB?: number) =>
      bench.client.disks.createOrUpdate(
        GROUP,
        name,
        {
          location: WEST,
          creationData: { createOption: "Copy", sourceResourceId: id },
          ...(diskSizeGB === undefined ? {} : { diskSizeGB }),
        },
        POLL,
      );
    const disk = await bench.settle(make("copy1").pollUntilDone());
    expect(disk).toMatchObject({
      diskState: "Unattached",
      osType: "Linux",
      diskSizeGB: 30,
      hyperVGeneration: "V2",
    });
    await expect(bench.settle(make("copy2", 10).pollUntilDone())).rejects.toThrow(
      /Disks or snapshot cannot be resized down/,
    );
    const attached = await bench.client.disks.get(GROUP, (await osDiskOf("linux1")).split("/").at(-1) ?? "");
    // DiskRP answers its owner with an upper-case group: ids are never compared as text.
    expect(attached.managedBy).toContain(`/resourceGroups/${GROUP.toUpperCase()}/`);
    await expect(
      bench.client.disks.delete(GROUP, attached.name ?? "", POLL).submitted(),
    ).rejects.toMatchObject({
      statusCode: 409,
      code: "OperationNotAllowed",
    });
  });

  it("cross a region by CopyStart, whose operation ends long before its percentage", async () => {
    const { id = "" } = await snapshot("near", await osDiskOf("linux1"), { incremental: true });
    const far = await bench.settle(
      bench.client.snapshots
        .createOrUpdate(
          GROUP,
          "far",
          {
            location: "northeurope",
            incremental: true,
            creationData: { createOption: "CopyStart", sourceResourceId: id },
          },
          POLL,
        )
        .pollUntilDone(),
    );
    expect(far.provisioningState).toBe("Succeeded");
    expect(far.completionPercent).toBeLessThan(10);
    await bench.pass(150);
    const half = (await bench.client.snapshots.get(GROUP, "far")).completionPercent ?? 0;
    expect(half).toBeGreaterThan(far.completionPercent ?? 0);
    expect(half).toBeLessThan(100);
    await bench.pass(400);
    expect((await bench.client.snapshots.get(GROUP, "far")).completionPercent).toBe(100);
  });
});

describe("a restore point", () => {
  it("cuts all disks at once and gives disks to build a working VM from, apart from its source", async () => {
    const { restorePointCollections, restorePoints, disks, virtualMachines } = bench.client;
    await restorePointCollections.createOrUpdate(GROUP, "rpc", {
      location: WEST,
      source: { id: bench.id("virtualMachines", "linux1") },
    });
    const point = await bench.settle(restorePoints.create(GROUP, "rpc", "rp1", {}, POLL).pollUntilDone());
    expect(point.consistencyMode).toBe("FileSystemConsistent");
    const view = await restorePoints.get(GROUP, "rpc", "rp1", { expand: "instanceView" });
    expect(view.instanceView?.diskRestorePoints).toHaveLength(4);
    const profile = point.sourceMetadata?.storageProfile;
    expect(profile?.dataDisks?.map(({ lun }) => lun)).toEqual([0, 3, 7]);
    const osDisk = await bench.settle(
      disks
        .createOrUpdate(
          GROUP,
          "clone-os",
          {
            location: WEST,
            creationData: {
              createOption: "Restore",
              sourceResourceId: profile?.osDisk?.diskRestorePoint?.id ?? "",
            },
          },
          POLL,
        )
        .pollUntilDone(),
    );
    await bench.settle(
      virtualMachines
        .createOrUpdate(
          GROUP,
          "clone",
          {
            location: WEST,
            hardwareProfile: { vmSize: "Standard_D2s_v5" },
            storageProfile: {
              osDisk: {
                createOption: "Attach",
                osType: "Linux",
                managedDisk: { id: osDisk.id ?? "" },
                deleteOption: "Delete",
              },
            },
            networkProfile: {
              networkApiVersion: "2020-11-01",
              networkInterfaceConfigurations: [
                {
                  name: "clone-nic",
                  primary: true,
                  deleteOption: "Delete",
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
        )
        .pollUntilDone(),
    );
    await bench.pass(40);
    const { vmAgent } = await virtualMachines.instanceView(GROUP, "clone");
    expect(vmAgent?.statuses?.[0]?.displayStatus).toBe("Ready");
    const { networkProfile } = await virtualMachines.get(GROUP, "clone");
    const nic = networkProfile?.networkInterfaces?.[0]?.id ?? "";
    expect((await bench.call("GET", `${nic}?api-version=2023-09-01`)).status).toBe(200);

    await bench.settle(virtualMachines.delete(GROUP, "clone", POLL).pollUntilDone());
    expect((await bench.call("GET", `${nic}?api-version=2023-09-01`)).status).toBe(404);
    await expect(disks.get(GROUP, "clone-os")).rejects.toMatchObject({ code: "ResourceNotFound" });
    const { writes } = (await bench.local("GET", "writes")) as {
      writes: { resource: string; operation: string }[];
    };
    expect(writes.filter(({ resource }) => resource.endsWith("/virtualMachines/linux1"))).toEqual([]);
  });
});

describe("a disk restore point", () => {
  it("is read through a signed URL as disks are, at the status URL of its collection's region", async () => {
    const { restorePointCollections, restorePoints, diskRestorePoint } = bench.client;
    await restorePointCollections.createOrUpdate(GROUP, "rpc", {
      location: WEST,
      source: { id: bench.id("virtualMachines", "linux1") },
    });
    await bench.settle(restorePoints.create(GROUP, "rpc", "rp", {}, POLL).pollUntilDone());
    let diskPoint = "";
    for await (const { name = "" } of diskRestorePoint.listByRestorePoint(GROUP, "rpc", "rp"))
      diskPoint = name;
    const of = [GROUP, "rpc", "rp", diskPoint] as const;
    const { accessSAS = "" } = await bench.settle(
      diskRestorePoint.grantAccess(...of, { access: "Read", durationInSeconds: 60 }, POLL).pollUntilDone(),
    );
    expect((await fetch(accessSAS, { method: "HEAD" })).status).toBe(200);
    await bench.settle(diskRestorePoint.revokeAccess(...of, POLL).pollUntilDone());
    expect((await fetch(accessSAS, { method: "HEAD" })).status).toBe(403);
  });
});

describe("a disk of a Marketplace image", () => {
  it("is made by the id that the Marketplace's lists answer", async () => {
    const { virtualMachineImages, disks } = bench.client;
    const [image] = await virtualMachineImages.list(WEST, "Canonical", "ubuntu-24_04-lts", "server");
    const made = await bench.settle(
      disks
        .createOrUpdate(
          GROUP,
          "d",
          {
            location: WEST,
            sku: { name: "Premium_LRS" },
            creationData: { createOption: "FromImage", imageReference: { id: image?.id ?? "" } },
          },
          POLL,
        )
        .pollUntilDone(),
    );
    expect(made).toMatchObject({ osType: "Linux", diskSizeGB: 30, hyperVGeneration: "V2", tier: "P4" });
  });
});
