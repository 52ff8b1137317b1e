/** Disks under a customer's key: where they are replicated, and where that fails as in Azure. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, SEED, startBench, WEST } from "./support.js";

const SET =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets";
const OURS = `${SET}/west`;
const THEIRS = `${SET}/north`;

let bench: Bench;
beforeAll(async () => {
  const keyed = {
    name: "keyed",
    osType: "Linux" as const,
    osDisk: { encryptionSetId: OURS },
    dataDisks: [{ lun: 3, sizeGb: 8, encryptionSetId: OURS }],
  };
  bench = await startBench({ seed: { ...SEED, vms: [keyed] } });
  await bench.settle(bench.client.virtualMachines.deallocate(GROUP, "keyed", POLL).pollUntilDone());
  await bench.client.virtualMachines.generalize(GROUP, "keyed");
});
afterAll(() => bench.stop());

const under = (os: string, data: string) => ({
  encryption: {
    osDiskImage: { diskEncryptionSetId: os },
    dataDiskImages: [{ lun: 3, diskEncryptionSetId: data }],
  },
});
type Regions = readonly { readonly name: string }[];
async function publish(version: string, ofVm: boolean, targetRegions: Regions) {
  const { storageProfile } = await bench.client.virtualMachines.get(GROUP, "keyed");
  const { osDisk, dataDisks = [] } = storageProfile ?? {};
  const source = (id: string | undefined) => ({ source: { id: id ?? "" } });
  const disks = {
    osDiskImage: source(osDisk?.managedDisk?.id),
    dataDiskImages: dataDisks.map(({ lun, managedDisk }) => ({ lun, ...source(managedDisk?.id) })),
  };
  const poller = bench.client.galleryImageVersions.createOrUpdate(
    "rg-images",
    "gallery1",
    "linux-generalized",
    version,
    {
      location: WEST,
      storageProfile: ofVm ? { source: { virtualMachineId: bench.id("virtualMachines", "keyed") } } : disks,
      publishingProfile: { targetRegions: [...targetRegions] },
    },
    POLL,
  );
  return bench.settle(poller.pollUntilDone(), 10_000);
}

describe("a version of disks under a customer's key", () => {
  it("is replicated under the sets that its regions name, and says so", async () => {
    const north = { name: "northeurope", ...under(THEIRS, THEIRS) };
    const made = await publish("1.0.0", false, [{ name: WEST, ...under(OURS, OURS) }, north]);
    expect(made.publishingProfile?.targetRegions?.map(({ encryption }) => encryption)).toEqual([
      under(OURS, OURS).encryption,
      under(THEIRS, THEIRS).encryption,
    ]);
  });

  const home = { name: WEST, ...under(OURS, OURS) };
  const rows: readonly (readonly [why: string, version: string, ofVm: boolean, regions: Regions])[] = [
    ["its home names no set", "1.0.1", false, [{ name: WEST }]],
    ["another region names none", "1.0.2", false, [home, { name: "northeurope" }]],
    ["its source is the VM, whatever its regions name", "1.0.3", true, [home]],
  ];
  it.each(rows)("fails where %s", async (_why, version, ofVm, regions) => {
    await expect(publish(version, ofVm, regions)).rejects.toThrow(/does not match DiskRP returned .*\/west/);
  });
});
